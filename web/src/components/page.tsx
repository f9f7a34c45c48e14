// The frame of every page: one h1 that takes focus after navigation, the document's title, and the
// full-page states (refused, not found, sign-in) that answer for exactly one cause.

import { type ReactNode, useEffect } from 'react'
import { runtimeConfig } from '~/config/runtime'
import { t } from '~/lib/i18n/t'
import './page.css'

function usePageTitle(page: string): void {
  useEffect(() => {
    document.title = t('app.documentTitle', { page, organisation: runtimeConfig.branding.name })
  }, [page])
}

interface PageProps {
  title: string
  /** Title of the window when it differs from the heading. */
  windowTitle?: string
  above?: ReactNode
  below?: ReactNode
  actions?: ReactNode
  narrow?: boolean
  children?: ReactNode
}

export function Page({ title, windowTitle, above, below, actions, narrow, children }: PageProps) {
  usePageTitle(windowTitle ?? title)
  return (
    <div className={narrow ? 'co-page co-page-narrow' : 'co-page'}>
      {above}
      <div className="co-page-head">
        <h1 tabIndex={-1} dir="auto">
          {title}
        </h1>
        {actions ? <div className="co-page-actions co-no-print">{actions}</div> : null}
      </div>
      {below}
      {children}
    </div>
  )
}

/** A page that only says why there is nothing to see, and the one way on. */
export function StatePage({ title, children, actions }: { title: string; children?: ReactNode; actions?: ReactNode }) {
  return (
    <Page title={title} narrow>
      <div className="co-state">{children}</div>
      {actions ? <div className="co-row">{actions}</div> : null}
    </Page>
  )
}
