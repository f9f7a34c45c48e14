// The frame around every page: skip link, header, menu, messages, main region, live regions.
// Loads the model, moves focus to the heading after navigation, refreshes stale metadata.

import { useQuery } from '@tanstack/react-query'
import { Outlet, useRouter } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { Banner } from '~/components/banner'
import { Dialog } from '~/components/dialog'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { trackPage } from '~/lib/analytics'
import { useSession, useSessionExpired } from '~/lib/auth/session'
import { flashNavigated, useFlash } from '~/lib/flash'
import { t } from '~/lib/i18n/t'
import { letterKey } from '~/lib/letter-keys'
import { ModelContext } from '~/lib/metadata/model-context'
import { modelQuery, versionsQuery } from '~/lib/metadata/queries'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { saveSetting, useSetting } from '~/lib/settings'
import { BELOW_DESKTOP, useMedia } from '~/lib/viewport'
import { Announcer } from './announcer'
import { Header } from './header'
import { Sidebar } from './sidebar'
import './shell.css'

/**
 * After a new path: menu closed, message of the last page gone, focus on the heading. Going back puts
 * focus on the link that led away, so that a list is continued where it was left.
 */
function useArrival(onArrive: () => void): void {
  const router = useRouter()
  const arrive = useRef(onArrive)
  arrive.current = onArrive
  const wentBack = useRef(false)
  useEffect(() => {
    const stopHistory = router.history.subscribe(({ action }: { action: { type: string; index?: number } }) => {
      wentBack.current = action.type === 'BACK' || (action.type === 'GO' && (action.index ?? 0) < 0)
    })
    const stopRouter = router.subscribe('onRendered', ({ pathChanged, fromLocation }) => {
      if (pathChanged || !fromLocation) trackPage()
      if (!pathChanged || !fromLocation) return
      arrive.current()
      flashNavigated()
      requestAnimationFrame(() => {
        const left = wentBack.current ? linkTo(fromLocation.pathname) : undefined
        const target = left ?? document.querySelector<HTMLElement>('main h1')
        target?.focus({ preventScroll: left === undefined })
      })
      void refreshWhenStale()
    })
    return () => {
      stopHistory()
      stopRouter()
    }
  }, [router])
}

function linkTo(pathname: string): HTMLElement | undefined {
  const links = document.querySelectorAll<HTMLAnchorElement>('main a[href]')
  return [...links].find((link) => link.pathname === pathname)
}

/** Metadata changed on the server: fetch it again, without disturbing the page. */
async function refreshWhenStale(): Promise<void> {
  const before = queryClient.getQueryData(versionsQuery.queryKey)
  const now = await queryClient.fetchQuery(versionsQuery).catch(() => undefined)
  if (before && now && before !== now) await queryClient.invalidateQueries({ queryKey: ['schema'] })
}

const Palette = lazy(() => import('./palette'))
const loadSessionDialog = () => import('./session-dialog')
const SessionDialog = lazy(loadSessionDialog)
const Shortcuts = lazy(() => import('./shortcuts'))

/** Ctrl or ⌘ with K opens the search from everywhere; `/` goes to the page's own, `?` tells the keys. */
function useKeys(find: () => void, help: () => void): void {
  const latest = useRef({ find, help })
  latest.current = { find, help }
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const letter = letterKey(event)
      if (letter === '/' || letter === '?') {
        event.preventDefault()
        const field = letter === '/' ? document.querySelector<HTMLElement>('main input[type=search]') : null
        if (letter === '?') latest.current.help()
        else if (field) field.focus()
        else latest.current.find()
        return
      }
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k' || event.altKey || event.shiftKey) return
      event.preventDefault()
      latest.current.find()
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [])
}

function useOnline(): boolean {
  return useSyncExternalStore(
    (listener) => {
      addEventListener('online', listener)
      addEventListener('offline', listener)
      return () => {
        removeEventListener('online', listener)
        removeEventListener('offline', listener)
      }
    },
    () => navigator.onLine,
  )
}

export function Shell() {
  const small = useMedia(BELOW_DESKTOP)
  const [menuOpen, setMenuOpen] = useState(false)
  const session = useSession()
  const expired = useSessionExpired()
  const model = useQuery(modelQuery)
  const message = useFlash()
  const online = useOnline()
  useQuery(versionsQuery)
  const signedIn = session.state === 'signed-in'
  useEffect(() => {
    // When the session ends, the server may be out of reach, or of another release.
    if (signedIn) void loadSessionDialog().catch(() => undefined)
  }, [signedIn])
  const [searching, setSearching] = useState(false)
  useArrival(() => setMenuOpen(false))
  const [keysShown, setKeysShown] = useState(false)
  const folded = useSetting('menu') === 'folded'
  useKeys(
    () => setSearching(true),
    () => setKeysShown(true),
  )

  const menu = model.isError ? <p className="co-nav-note">{t('nav.failed')}</p> : <Sidebar model={model.data} />
  const problem = model.isError ? describeProblem(model.error, { attempt: 'read' }) : null
  return (
    <>
      <a href="#main-content" className="co-skip">
        {t('app.skip')}
      </a>
      <Header
        onMenu={small ? () => setMenuOpen(true) : () => void saveSetting('menu', folded ? 'docked' : 'folded')}
        menuShown={small ? undefined : !folded}
        onKeys={() => setKeysShown(true)}
        onSearch={model.data ? () => setSearching(true) : undefined}
      />
      <div className="co-frame">
        {small || folded ? null : <div className="co-sidebar co-no-print">{menu}</div>}
        {small && menuOpen ? (
          <Dialog title={t('nav.menu')} side="start" onClose={() => setMenuOpen(false)}>
            {menu}
          </Dialog>
        ) : null}
        <main id="main-content" tabIndex={-1}>
          {session.state === 'anonymous' && session.problem ? (
            <div className="co-message">
              <Banner kind="error" urgent>
                {t('user.signInFailed')}
              </Banner>
            </div>
          ) : null}
          {online ? null : (
            <div className="co-message co-no-print">
              <Banner kind="warning" urgent>
                {t('app.offline')}
              </Banner>
            </div>
          )}
          {message ? (
            <div className="co-message">
              <Banner kind={message.kind}>{message.text}</Banner>
            </div>
          ) : null}
          {model.data ? (
            <ModelContext value={model.data}>
              <Outlet />
            </ModelContext>
          ) : problem ? (
            <Page title={t('problem.schema')} narrow>
              <Banner kind="error" urgent facts={problem.facts} onRetry={() => void model.refetch()}>
                {problem.text}
              </Banner>
            </Page>
          ) : (
            <div className="co-page">
              <Loading />
            </div>
          )}
        </main>
      </div>
      {searching && model.data ? (
        <Suspense>
          <Palette model={model.data} onClose={() => setSearching(false)} />
        </Suspense>
      ) : null}
      {keysShown ? (
        <Suspense>
          <Shortcuts onClose={() => setKeysShown(false)} />
        </Suspense>
      ) : null}
      {expired ? (
        <Suspense>
          <SessionDialog />
        </Suspense>
      ) : null}
      <Announcer />
    </>
  )
}
