// The state of the installation: database, queue, processes.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { paths } from '~/config/paths'
import { runtimeConfig } from '~/config/runtime'
import { personZone, showInstant } from '~/lib/format/dates'
import { showFileSize, showNumber } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import { callRpc, type WireRow } from '~/lib/postgrest/client'
import { describeProblem } from '~/lib/problem'
import { AdminGate } from './admin-gate'
import { tx } from './texts'
import '~/components/register.css'
import './admin.css'

/** A process that was silent for longer counts as gone. */
const SILENT_MS = 60_000

const record = (value: unknown): WireRow => (typeof value === 'object' && value !== null ? (value as WireRow) : {})
const text = (value: unknown) => (value === null || value === undefined ? '' : String(value))

export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: async ({ signal }) => {
    const answer = record(await callRpc('system_health', {}, signal))
    const database = record(answer.database)
    const now = Date.parse(text(answer.now))
    return {
      version: text(database.version),
      size: Number(database.size_bytes),
      connections: Number(database.connections),
      maxConnections: Number(database.max_connections),
      startedAt: text(database.started_at),
      jobs: Object.fromEntries(Object.entries(record(answer.jobs)).map(([state, n]) => [state, Number(n)])) as Readonly<
        Record<string, number>
      >,
      oldest: answer.oldest_waiting_at ? text(answer.oldest_waiting_at) : null,
      processes: (Array.isArray(answer.processes) ? answer.processes : []).map((entry: unknown) => {
        const fact = record(entry)
        return {
          id: text(fact.client_id),
          roles: Array.isArray(fact.roles) ? fact.roles.map(String) : [],
          host: text(fact.host),
          version: text(fact.version),
          startedAt: text(fact.started_at),
          seenAt: text(fact.last_seen_at),
          stale: now - Date.parse(text(fact.last_seen_at)) > SILENT_MS,
        }
      }),
    }
  },
})

export function HealthPage() {
  return (
    <AdminGate title={t('admin.health')}>
      <Health />
    </AdminGate>
  )
}

function Fact({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="co-numbers">{children}</dd>
    </div>
  )
}

function Health() {
  const query = useQuery({ ...healthQuery, refetchInterval: 10_000 })
  const zone = personZone()
  const { data } = query
  return (
    <Page
      title={t('admin.health')}
      below={<p className="co-muted">{tx('health.help')}</p>}
      actions={<Button onClick={() => void query.refetch()}>{tx('health.refresh')}</Button>}
    >
      {query.isError ? (
        <Banner kind="error" urgent onRetry={() => void query.refetch()}>
          {describeProblem(query.error, { attempt: 'read' }).text}
        </Banner>
      ) : null}
      {query.isPending ? <Loading /> : null}
      {data ? (
        <>
          <section className="co-card co-stack co-stack-tight">
            <h2 className="co-h3">{tx('health.database')}</h2>
            <dl className="co-admin-facts">
              <Fact label={tx('health.client')}>Civic OS {runtimeConfig.version}</Fact>
              <Fact label={tx('health.version')}>PostgreSQL {data.version}</Fact>
              <Fact label={tx('health.size')}>{showFileSize(data.size)}</Fact>
              <Fact label={tx('health.connections')}>
                {tx('health.of', { n: data.connections, of: data.maxConnections })}
              </Fact>
              <Fact label={tx('health.since')}>{showInstant(data.startedAt, zone)}</Fact>
            </dl>
          </section>
          <section className="co-card co-stack co-stack-tight">
            <h2 className="co-h3">
              <Link to={paths.jobs()}>{tx('health.queue')}</Link>
            </h2>
            <dl className="co-admin-facts">
              {(['available', 'running', 'retryable', 'discarded', 'completed'] as const).map((state) => (
                <Fact key={state} label={tx(`jobs.state.${state}`)}>
                  <Link to={paths.jobs()} search={{ state }}>
                    {showNumber(data.jobs[state] ?? 0)}
                  </Link>
                </Fact>
              ))}
              <Fact label={tx('health.oldest')}>
                {data.oldest ? showInstant(data.oldest, zone) : tx('health.nothingWaits')}
              </Fact>
            </dl>
          </section>
          <section className="co-card co-stack co-stack-tight">
            <h2 className="co-h3">{tx('health.processes')}</h2>
            {data.processes.length === 0 ? (
              <p>{tx('health.noProcess')}</p>
            ) : (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
              <section className="co-admin-scroll" tabIndex={0} aria-label={tx('health.processes')}>
                <table className="co-admin-table co-card-table co-small">
                  <thead>
                    <tr>
                      {(
                        ['health.process', 'health.roles', 'health.version', 'health.since', 'health.seen'] as const
                      ).map((key) => (
                        <th key={key} scope="col">
                          {tx(key)}
                        </th>
                      ))}
                    </tr>
                  </thead>
                  <tbody>
                    {data.processes.map((process) => (
                      <tr key={process.id}>
                        <th scope="row">{process.host || process.id}</th>
                        <td data-label={tx('health.roles')}>{process.roles.join(', ')}</td>
                        <td data-label={tx('health.version')}>{process.version}</td>
                        <td data-label={tx('health.since')} className="co-numbers">
                          {showInstant(process.startedAt, zone)}
                        </td>
                        <td data-label={tx('health.seen')} className="co-numbers">
                          {showInstant(process.seenAt, zone)}
                          {process.stale ? ` · ${tx('health.stale')}` : ''}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </section>
            )}
          </section>
        </>
      ) : null}
    </Page>
  )
}
