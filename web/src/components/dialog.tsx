// Modal dialogs and drawers on the browser's own <dialog>: focus stays inside, Esc closes, the page
// behind is inert, and focus returns to where it came from.

import { type ReactNode, useEffect, useId, useRef } from 'react'
import { t } from '~/lib/i18n/t'
import { Button } from './button'
import './dialog.css'

interface DialogProps {
  title: string
  onClose: () => void
  children: ReactNode
  /** Buttons at the end; the first one is the primary action. */
  actions?: ReactNode
  side?: 'center' | 'start' | 'end'
  /** For tables and other wide content. */
  wide?: boolean
  /** Esc and the close button are ignored, for phases that must not be interrupted. */
  locked?: boolean
}

export function Dialog({ title, onClose, children, actions, side = 'center', wide, locked }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const titleId = useId()

  useEffect(() => {
    const element = dialog.current
    if (!element || element.open) return
    const opener = document.activeElement
    element.showModal()
    const wanted = element.querySelector<HTMLElement>('[data-autofocus]')
    ;(wanted ?? heading.current)?.focus()
    return () => {
      element.close()
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
    }
  }, [])

  return (
    <dialog
      ref={dialog}
      className={`co-dialog co-dialog-${side}${wide ? ' co-dialog-wide' : ''}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        if (!locked) onClose()
      }}
      onClick={(event) => {
        if (event.target === dialog.current && !locked) onClose()
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <div className="co-dialog-body">
        <div className="co-dialog-head">
          <h2 id={titleId} ref={heading} tabIndex={-1}>
            {title}
          </h2>
          {locked ? null : (
            <Button look="quiet" icon="close" iconOnly onClick={onClose}>
              {t('app.close')}
            </Button>
          )}
        </div>
        <div className="co-dialog-content">{children}</div>
        {actions ? <div className="co-dialog-actions">{actions}</div> : null}
      </div>
    </dialog>
  )
}
