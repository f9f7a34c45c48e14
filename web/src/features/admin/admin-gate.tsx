// Lets administrators through to a page of the administration; the server decides who is one.

import { queryOptions, useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { RefusedPage, SignInPage } from '~/components/access'
import { Banner } from '~/components/banner'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { useSession } from '~/lib/auth/session'
import { t } from '~/lib/i18n/t'
import { callRpc } from '~/lib/postgrest/client'
import { describeProblem } from '~/lib/problem'

const isAdminQuery = (person: string) =>
  queryOptions({
    queryKey: ['is-admin', person],
    queryFn: async ({ signal }) => (await callRpc('is_admin', {}, signal)) === true,
    staleTime: 60_000,
  })

export function AdminGate({ title, children }: { title: string; children: ReactNode }) {
  const session = useSession()
  const person = session.state === 'signed-in' ? session.person.id : ''
  const query = useQuery({ ...isAdminQuery(person), enabled: person !== '' })
  if (session.state === 'anonymous') return <SignInPage />
  if (query.isError) {
    return (
      <Page title={title}>
        <Banner kind="error" urgent onRetry={() => void query.refetch()}>
          {describeProblem(query.error, { attempt: 'read' }).text}
        </Banner>
      </Page>
    )
  }
  if (query.data === undefined) {
    return (
      <Page title={title}>
        <Loading />
      </Page>
    )
  }
  return query.data ? children : <RefusedPage title={t('refused.title', { name: title })} />
}
