// A message on the page: what did not happen, why, what to do; technical facts on request.

import { type ReactNode, useId } from 'react'
import { t } from '~/lib/i18n/t'
import { Button } from './button'
import { Icon, type IconName } from './icon'
import './banner.css'

interface BannerProps {
  kind: 'error' | 'warning' | 'success' | 'info'
  title?: string
  children?: ReactNode
  facts?: readonly { label: string; value: string }[]
  onRetry?: () => void
  actions?: ReactNode
  /** Interrupts a screen reader; only for failures the reader must not miss. */
  urgent?: boolean
}

const ICONS: Readonly<Record<BannerProps['kind'], IconName>> = {
  error: 'error',
  warning: 'alert',
  success: 'check',
  info: 'info',
}

export function Banner({ kind, title, children, facts, onRetry, actions, urgent }: BannerProps) {
  const titleId = useId()
  return (
    <div className={`co-banner co-banner-${kind}`} role={urgent ? 'alert' : undefined}>
      <Icon name={ICONS[kind]} />
      <div className="co-banner-text">
        {title ? (
          <p className="co-banner-title" id={titleId}>
            {title}
          </p>
        ) : null}
        {children ? <div>{children}</div> : null}
        {facts && facts.length > 0 ? (
          <details>
            <summary>{t('app.details')}</summary>
            <dl className="co-banner-facts">
              {facts.map((fact) => (
                <div key={fact.label}>
                  <dt>{fact.label}</dt>
                  <dd>{fact.value}</dd>
                </div>
              ))}
            </dl>
          </details>
        ) : null}
        {onRetry || actions ? (
          <div className="co-row co-banner-actions">
            {onRetry ? <Button onClick={onRetry}>{t('app.tryAgain')}</Button> : null}
            {actions}
          </div>
        ) : null}
      </div>
    </div>
  )
}
