// What the server makes of the sign-in: the claims as it sees them, the role in the database, and why it refuses something.

import { queryOptions, useQuery } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { Banner } from '~/components/banner'
import { Loading } from '~/components/loading'
import { t } from '~/lib/i18n/t'
import { askServer } from '~/lib/postgrest/client'
import { PostgrestError } from '~/lib/postgrest/errors'
import { describeProblem } from '~/lib/problem'

const view = z.object({
  claims: z.optional(z.record(z.string(), z.unknown())),
  refused: z.optional(z.object({ message: z.string() })),
  database: z.optional(
    z.object({ role: z.string(), roles: z.nullish(z.array(z.string())), is_admin: z.nullish(z.boolean()) }),
  ),
})

const viewQuery = queryOptions({
  queryKey: ['who-am-i'],
  queryFn: async ({ signal }) => z.parse(view, await askServer('/auth/whoami', { signal })),
  staleTime: 0,
})

export function ServerView() {
  const query = useQuery(viewQuery)
  // Another server behind this client, which has no such page.
  if (query.error instanceof PostgrestError && query.error.status === 404) return null
  return (
    <section className="co-card co-stack co-stack-tight">
      <h2 className="co-h3">{t('profile.server')}</h2>
      {query.isPending ? <Loading lines={2} /> : null}
      {query.isError ? (
        <Banner kind="error" onRetry={() => void query.refetch()}>
          {describeProblem(query.error, { attempt: 'read' }).text}
        </Banner>
      ) : null}
      {query.data ? <Seen {...query.data} /> : null}
    </section>
  )
}

function Seen({ claims, refused, database }: z.infer<typeof view>) {
  const roles = database?.roles ?? []
  const facts = database
    ? [
        { label: t('profile.databaseRole'), value: database.role },
        { label: t('profile.databaseRoles'), value: roles.length > 0 ? roles.join(', ') : t('value.none') },
        { label: t('profile.administrator'), value: t(database.is_admin ? 'value.yes' : 'value.no') },
      ]
    : []
  return (
    <>
      {refused ? <Banner kind="error">{t('profile.refused', { reason: refused.message })}</Banner> : null}
      <dl className="co-profile-facts">
        {facts.map((fact) => (
          <div key={fact.label}>
            <dt>{fact.label}</dt>
            <dd dir="auto">{fact.value}</dd>
          </div>
        ))}
      </dl>
      {claims ? (
        <details>
          <summary>{t('profile.claims')}</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard */}
          <pre className="co-code-block" tabIndex={0}>
            {JSON.stringify(claims, null, 2)}
          </pre>
        </details>
      ) : null}
    </>
  )
}
