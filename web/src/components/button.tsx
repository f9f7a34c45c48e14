// Buttons and links that look like buttons. A waiting button keeps its width and ignores presses.

import type { ButtonHTMLAttributes, Ref } from 'react'
import { Icon, type IconName } from './icon'
import './button.css'

export type ButtonLook = 'primary' | 'default' | 'quiet' | 'danger'

interface Look {
  look?: ButtonLook
  icon?: IconName
  /** Only the icon is seen; the children become the accessible name. */
  iconOnly?: boolean
}

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> &
  Look & {
    waiting?: boolean
    /** A count beside the icon where only the icon is seen; the name already says it. */
    badge?: number
    ref?: Ref<HTMLButtonElement>
  }

const classes = ({ look = 'default', iconOnly }: Look, extra?: string) =>
  ['co-button', `co-button-${look}`, iconOnly ? 'co-button-icon' : '', extra ?? ''].join(' ').trim()

export function Button({
  look,
  icon,
  iconOnly,
  waiting,
  badge,
  children,
  className,
  onClick,
  type,
  ...rest
}: ButtonProps) {
  return (
    <button
      {...rest}
      type={type ?? 'button'}
      className={classes({ look, iconOnly }, className)}
      aria-busy={waiting || undefined}
      title={iconOnly && typeof children === 'string' ? children : rest.title}
      onClick={(event) => {
        if (waiting) event.preventDefault()
        else onClick?.(event)
      }}
    >
      {icon ? <Icon name={icon} /> : null}
      <span className={iconOnly ? 'co-hidden' : undefined}>{children}</span>
      {iconOnly && badge ? (
        <span className="co-numbers" aria-hidden="true">
          {badge}
        </span>
      ) : null}
    </button>
  )
}

/** Classes for a router link or anchor that looks like a button. */
export const buttonClass = (look: ButtonLook = 'default', extra = '') => classes({ look }, extra)
