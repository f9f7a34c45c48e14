// A button that opens a menu: arrow keys move, Home/End jump, typing a letter finds, Esc and Tab
// close, focus goes back to the button.

import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { Button, type ButtonLook } from './button'
import { Icon, type IconName } from './icon'
import './menu-button.css'

interface MenuItem {
  key: string
  label: string
  /** A second line that says more. */
  note?: string | undefined
  /** A word after the label, such as who sees it. */
  tail?: string | undefined
  icon?: IconName
  /** Set for a choice that is on or off. */
  checked?: boolean
  danger?: boolean
  onSelect: () => void
}

interface MenuButtonProps {
  label: string
  icon?: IconName
  iconOnly?: boolean
  look?: ButtonLook
  className?: string
  /** Which edge of the button the panel lines up with. */
  align?: 'start' | 'end'
  /** Text above the items, for instance who is signed in. */
  head?: ReactNode
  groups: readonly { label?: string; items: readonly MenuItem[] }[]
}

export function MenuButton({ label, icon, iconOnly, look, className, align = 'end', head, groups }: MenuButtonProps) {
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const menuId = useId()

  const entries = () => [...(root.current?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])]

  useEffect(() => {
    if (!open) return
    root.current?.querySelector<HTMLElement>('[role^="menuitem"]')?.focus()
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false)
    }
    document.addEventListener('pointerdown', outside)
    return () => document.removeEventListener('pointerdown', outside)
  }, [open])

  function close() {
    setOpen(false)
    button.current?.focus()
  }

  function onKeyDown(event: KeyboardEvent) {
    const items = entries()
    const at = items.indexOf(document.activeElement as HTMLElement)
    const move = (index: number) => {
      event.preventDefault()
      items[(index + items.length) % items.length]?.focus()
    }
    if (event.key === 'ArrowDown') move(at + 1)
    else if (event.key === 'ArrowUp') move(at - 1)
    else if (event.key === 'Home') move(0)
    else if (event.key === 'End') move(-1)
    else if (event.key === 'Escape') {
      event.stopPropagation()
      close()
    } else if (event.key === 'Tab') setOpen(false)
    else if (event.key.length === 1 && /\S/.test(event.key)) {
      const wanted = event.key.toLocaleLowerCase()
      const rotated = [...items.slice(at + 1), ...items.slice(0, at + 1)]
      rotated.find((item) => item.textContent?.trim().toLocaleLowerCase().startsWith(wanted))?.focus()
    }
  }

  return (
    <div className={`co-menu ${className ?? ''}`} ref={root}>
      <Button
        ref={button}
        look={look}
        icon={icon}
        iconOnly={iconOnly}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? menuId : undefined}
        onClick={() => setOpen(!open)}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' && !open) {
            event.preventDefault()
            setOpen(true)
          }
        }}
      >
        {label}
      </Button>
      {open ? (
        <div className={align === 'start' ? 'co-menu-panel co-menu-start' : 'co-menu-panel'}>
          {head ? <div className="co-menu-head">{head}</div> : null}
          <div role="menu" id={menuId} aria-label={label} tabIndex={-1} onKeyDown={onKeyDown}>
            {groups.map((group) => (
              // biome-ignore lint/a11y/useSemanticElements: a fieldset is not allowed inside a menu
              <div key={group.label ?? group.items[0]?.key} role="group" aria-label={group.label}>
                {group.label ? (
                  <div className="co-menu-label" aria-hidden="true">
                    {group.label}
                  </div>
                ) : null}
                {group.items.map((item) => (
                  <button
                    key={item.key}
                    type="button"
                    tabIndex={-1}
                    className={item.danger ? 'co-menu-item co-menu-danger' : 'co-menu-item'}
                    {...(item.checked === undefined
                      ? { role: 'menuitem' }
                      : { role: 'menuitemradio', 'aria-checked': item.checked })}
                    onClick={() => {
                      close()
                      item.onSelect()
                    }}
                  >
                    {item.checked === undefined ? (
                      item.icon ? (
                        <Icon name={item.icon} />
                      ) : null
                    ) : (
                      <span className="co-menu-tick">{item.checked ? <Icon name="check" /> : null}</span>
                    )}
                    <span>
                      {item.label}
                      {item.tail ? <span className="co-muted co-small"> · {item.tail}</span> : null}
                      {item.note ? <span className="co-menu-note co-muted co-small">{item.note}</span> : null}
                    </span>
                  </button>
                ))}
              </div>
            ))}
          </div>
        </div>
      ) : null}
    </div>
  )
}
