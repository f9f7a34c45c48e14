// Starts the client: theme first (before anything is painted), then who is here, then the pages.

import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from '~/app/app'
import { startSession } from '~/lib/auth/session'
import { startLanguage } from '~/lib/i18n/t'
import { modelQuery } from '~/lib/metadata/queries'
import { queryClient } from '~/lib/query-client'
import { startTheme } from '~/lib/theme'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'

startTheme()
startSession()
// Asked for at once, not only when the first page is drawn.
void queryClient.prefetchQuery(modelQuery)

const root = document.getElementById('root')
if (root) {
  await startLanguage()
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
}

// The offline page and the program's files, once everything else is done.
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  addEventListener('load', () => {
    navigator.serviceWorker.register('/sw.js').catch((error: unknown) => console.warn('no offline page', error))
  })
}
