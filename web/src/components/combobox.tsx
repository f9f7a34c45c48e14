// A text box that finds one record of a large table: the server searches while the person types.
// Follows the combobox pattern: arrows move, Enter takes, Esc closes, then clears what was typed.

import { useEffect, useId, useRef, useState } from 'react'
import { announce } from '~/lib/announce'
import { t } from '~/lib/i18n/t'
import { Button } from './button'
import './combobox.css'

export interface ComboboxOption {
  id: string
  label: string
  note?: string
}

interface ComboboxProps {
  id: string
  label: string
  /** The chosen option, already resolved to its name. */
  selected: ComboboxOption | null
  onSelect: (option: ComboboxOption | null) => void
  search: (term: string, limit: number, signal: AbortSignal) => Promise<ComboboxOption[]>
  clearable: boolean
  /** Keep the box empty after a choice, for adding several. */
  adding?: boolean
  describedBy?: string
  invalid?: boolean
  required?: boolean
}

const LIMIT = 20
const PAUSE_MS = 250

type Found = { state: 'idle' | 'searching' | 'failed' } | { state: 'ready'; options: ComboboxOption[]; more: boolean }

export function Combobox(props: ComboboxProps) {
  const { id, label, selected, onSelect, search, clearable, adding } = props
  const listId = useId()
  const [typed, setTyped] = useState<string | null>(null)
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(-1)
  const [found, setFound] = useState<Found>({ state: 'idle' })
  const latestSearch = useRef(search)
  latestSearch.current = search
  const term = typed ?? ''

  useEffect(() => {
    if (!open) return
    const stop = new AbortController()
    setFound({ state: 'searching' })
    const timer = setTimeout(
      () => {
        latestSearch
          .current(term.trim(), LIMIT + 1, stop.signal)
          .then((options) => {
            setFound({ state: 'ready', options: options.slice(0, LIMIT), more: options.length > LIMIT })
            setActive(options.length > 0 && term !== '' ? 0 : -1)
            announce(t('picker.count', { n: Math.min(options.length, LIMIT) }))
          })
          .catch(() => {
            if (!stop.signal.aborted) setFound({ state: 'failed' })
          })
      },
      term === '' ? 0 : PAUSE_MS,
    )
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [open, term])

  const options = found.state === 'ready' ? found.options : []
  const choose = (option: ComboboxOption | null) => {
    onSelect(option)
    setTyped(adding ? '' : null)
    setOpen(false)
    setActive(-1)
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only notices that focus has left
    <div
      className="co-combobox"
      onBlur={(event) => {
        if (event.currentTarget.contains(event.relatedTarget)) return
        setOpen(false)
        setTyped(null)
      }}
    >
      <div className="co-combobox-box">
        <input
          id={id}
          className="co-input"
          role="combobox"
          aria-expanded={open}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={open && active >= 0 ? `${listId}-${active}` : undefined}
          aria-describedby={props.describedBy}
          aria-invalid={props.invalid || undefined}
          required={props.required}
          aria-label={adding ? label : undefined}
          autoComplete="off"
          spellCheck={false}
          placeholder={t('picker.search')}
          value={typed ?? selected?.label ?? ''}
          onClick={() => setOpen(true)}
          onChange={(event) => {
            setTyped(event.target.value)
            setOpen(true)
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
              event.preventDefault()
              if (!open) setOpen(true)
              else if (options.length > 0) {
                const step = event.key === 'ArrowDown' ? 1 : -1
                setActive((active + step + options.length) % options.length)
              }
            } else if (event.key === 'Enter' && open) {
              event.preventDefault()
              const option = options[active]
              if (option) choose(option)
            } else if (event.key === 'Escape' && (open || typed !== null)) {
              event.preventDefault()
              event.stopPropagation()
              setOpen(false)
              setTyped(null)
            }
          }}
        />
        {clearable && selected && !adding ? (
          <Button look="quiet" icon="close" iconOnly onClick={() => choose(null)}>
            {t('picker.clear', { label })}
          </Button>
        ) : null}
      </div>
      <div className={open ? 'co-combobox-panel' : 'co-combobox-panel co-gone'}>
        <div role="listbox" id={listId} aria-label={t('picker.choices')}>
          {open
            ? options.map((option, index) => (
                <div
                  key={option.id}
                  id={`${listId}-${index}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={option.id === selected?.id}
                  className={index === active ? 'co-option co-option-active' : 'co-option'}
                  onPointerDown={(event) => event.preventDefault()}
                  onClick={() => choose(option)}
                  onKeyDown={undefined}
                >
                  <span dir="auto">{option.label}</span>
                  {option.note ? <span className="co-muted co-small">{option.note}</span> : null}
                </div>
              ))
            : null}
        </div>
        {open ? (
          <p className="co-combobox-note co-muted co-small">
            {found.state === 'searching'
              ? t('picker.searching')
              : found.state === 'failed'
                ? t('form.referenceFailed')
                : found.state === 'ready' && found.options.length === 0
                  ? t('picker.none', { term })
                  : found.state === 'ready' && found.more
                    ? t('picker.more')
                    : null}
          </p>
        ) : null}
      </div>
    </div>
  )
}
