// Providers around the router.

import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { analyticsPerson } from '~/lib/analytics'
import { useSession } from '~/lib/auth/session'
import { queryClient } from '~/lib/query-client'
import { adoptSettings, releaseSettings } from '~/lib/settings'
import { createAppRouter } from './router'

export function App() {
  const session = useSession()
  const [router, setRouter] = useState<ReturnType<typeof createAppRouter> | null>(null)

  // The router reads the address once the answer of a sign-in has been taken out of it.
  const answering = session.state === 'starting' && new URLSearchParams(location.search).has('state')
  useEffect(() => {
    if (!answering) setRouter((existing) => existing ?? createAppRouter())
  }, [answering])

  // Another person sees other things: everything fetched so far is asked again.
  const person = session.state === 'signed-in' ? session.person.id : session.state
  const last = useRef(person)
  useEffect(() => {
    if (last.current !== 'starting' && last.current !== person) void queryClient.invalidateQueries()
    last.current = person
  }, [person])

  // Their own choices, once the page they came for has been asked for.
  const settingsOf = session.state === 'signed-in' ? session.person.id : null
  useEffect(() => {
    analyticsPerson(settingsOf)
    if (settingsOf === null) return releaseSettings()
    adoptSettings(settingsOf).then(
      // Not where somebody may be typing: there the choice waits for the next page.
      (redraw) => redraw && !/^\/(create|edit)\//.test(location.pathname) && location.reload(),
      (error: unknown) => console.warn('the choices of this device stay', error),
    )
  }, [settingsOf])

  return (
    <QueryClientProvider client={queryClient}>{router ? <RouterProvider router={router} /> : null}</QueryClientProvider>
  )
}
