// What this person was told: newest first, with the way to the record.

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { SignInPage } from '~/components/access'
import { Banner } from '~/components/banner'
import { Button, buttonClass } from '~/components/button'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { paths } from '~/config/paths'
import { useSession } from '~/lib/auth/session'
import { personZone, showInstant } from '~/lib/format/dates'
import { useModel } from '~/lib/metadata/model-context'
import { describeProblem } from '~/lib/problem'
import { inboxQuery, markRead } from './inbox-data'
import { tx } from './texts'
import './notifications.css'

export function InboxPage() {
  const session = useSession()
  const model = useModel()
  const query = useQuery({ ...inboxQuery(1), enabled: session.state === 'signed-in' })
  if (session.state === 'starting') return <Loading />
  if (session.state === 'anonymous') return <SignInPage />
  const rows = query.data?.rows ?? []
  return (
    <Page
      title={tx('inbox.title')}
      narrow
      actions={
        rows.some((row) => row.read_at === null) ? (
          <Button onClick={() => void markRead(null)}>{tx('inbox.readAll')}</Button>
        ) : null
      }
    >
      {query.isError ? (
        <Banner kind="error" urgent onRetry={() => void query.refetch()}>
          {describeProblem(query.error, { attempt: 'read' }).text}
        </Banner>
      ) : query.isPending ? (
        <Loading />
      ) : query.data === null ? (
        <p>{tx('inbox.absent')}</p>
      ) : rows.length === 0 ? (
        <p>{tx('inbox.empty')}</p>
      ) : (
        <ul className="co-stack co-stack-tight">
          {rows.map((row) => {
            const entity = row.entity_type ? model.entity(String(row.entity_type)) : undefined
            const unread = row.read_at === null
            const read = () => (unread ? void markRead([Number(row.id)]) : undefined)
            return (
              <li key={String(row.id)} className={unread ? 'co-card co-unread' : 'co-card'}>
                <div className="co-spread">
                  <h2 className="co-h3" dir="auto">
                    {String(row.subject)}
                    {unread ? <span className="co-hidden"> ({tx('inbox.unread')})</span> : null}
                  </h2>
                  <time className="co-muted co-small co-numbers" dateTime={String(row.created_at)}>
                    {showInstant(String(row.created_at), personZone())}
                  </time>
                </div>
                <p className="co-long-text" dir="auto">
                  {String(row.body)}
                </p>
                {entity && row.entity_id ? (
                  <Link
                    to={paths.detail(entity.key, String(row.entity_id))}
                    className={buttonClass('quiet')}
                    onClick={read}
                  >
                    {tx('inbox.open')}
                  </Link>
                ) : null}
              </li>
            )
          })}
        </ul>
      )}
    </Page>
  )
}
