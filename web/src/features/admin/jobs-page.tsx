// The queue: what waits, runs, failed, and trying again.

import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { Page } from '~/components/page'
import { ChoiceFilter, pageOf, Register, registerQuery, TextFilter } from '~/components/register'
import { flash } from '~/lib/flash'
import { personZone, showInstant } from '~/lib/format/dates'
import { t } from '~/lib/i18n/t'
import { callRpc, type WireRow } from '~/lib/postgrest/client'
import { contains, eq, type Read } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { AdminGate } from './admin-gate'
import { healthQuery } from './health-page'
import { tx } from './texts'
import './admin.css'

const STATES = [
  'available',
  'running',
  'retryable',
  'scheduled',
  'pending',
  'completed',
  'cancelled',
  'discarded',
] as const
type State = (typeof STATES)[number]
const isState = (text: string | undefined): text is State => STATES.includes(text as State)
const REFRESH_MS = 5000

const jobsRead = (state: State | undefined, kind: string): Read => ({
  table: 'river_job',
  select: [
    'id',
    'kind',
    'state',
    'queue',
    'attempt',
    'max_attempts',
    'scheduled_at',
    'attempted_at',
    'finalized_at',
    'args',
    'errors',
  ],
  conditions: [...(state ? [eq('state', state)] : []), ...(kind ? [contains('kind', kind)] : [])],
  order: [{ by: 'id', dir: 'desc' }],
})

interface JobError {
  at: string
  error: string
}

function errorsOf(job: WireRow): JobError[] {
  return (Array.isArray(job.errors) ? job.errors : []).map((entry: unknown) => {
    const fact = (typeof entry === 'object' && entry !== null ? entry : {}) as WireRow
    return { at: String(fact.at ?? ''), error: String(fact.error ?? entry) }
  })
}

const timeOf = (job: WireRow) => String(job.finalized_at ?? job.attempted_at ?? job.scheduled_at)

export function JobsPage() {
  return (
    <AdminGate title={t('admin.jobs')}>
      <Jobs />
    </AdminGate>
  )
}

function Jobs() {
  const navigate = useNavigate()
  const search = useSearch({ strict: false }) as Record<string, string>
  const state = isState(search.state) ? search.state : undefined
  const page = pageOf(search)
  const [open, setOpen] = useState<WireRow | null>(null)
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [retrying, setRetrying] = useState(false)
  const query = useQuery({
    ...registerQuery('jobs', jobsRead(state, search.kind ?? ''), page, 'metadata'),
    // Nothing moves while somebody reads a job.
    refetchInterval: open ? false : REFRESH_MS,
  })
  const health = useQuery({ ...healthQuery, refetchInterval: open ? false : REFRESH_MS })
  const go = (change: Record<string, string | undefined>) =>
    void navigate({ to: '.', search: { ...search, page: undefined, ...change } })

  const act = async (job: WireRow, action: 'retry' | 'cancel') => {
    const key = String(job.id)
    try {
      const done = await callRpc(action === 'retry' ? 'retry_job' : 'cancel_job', { p_id: Number(job.id) })
      const text = tx(done === true ? (action === 'retry' ? 'jobs.retried' : 'jobs.cancelled') : 'jobs.notNow', {
        id: key,
      })
      flash({ kind: done === true ? 'success' : 'warning', text }, 'here')
    } catch (error) {
      flash({ kind: 'warning', text: describeProblem(error, { attempt: 'update' }).text }, 'here')
    }
    setOpen(null)
    await Promise.all(['jobs', 'health'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })))
  }

  const rows = query.data?.rows ?? []
  const retryable = rows
    .filter((job) => job.state !== 'running' && job.state !== 'completed')
    .map((job) => String(job.id))
  const chosen = retryable.filter((key) => selected.has(key))
  const retryChosen = async () => {
    if (retrying) return
    setRetrying(true)
    const answers = await Promise.allSettled(chosen.map((key) => callRpc('retry_job', { p_id: Number(key) })))
    const done = answers.filter((answer) => answer.status === 'fulfilled' && answer.value === true).length
    const text = tx('jobs.retriedSome', { n: done, of: chosen.length })
    flash({ kind: done === chosen.length ? 'success' : 'warning', text }, 'here')
    setSelected(new Set())
    setRetrying(false)
    await Promise.all(['jobs', 'health'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })))
  }
  const choose = (keys: readonly string[], on: boolean) => {
    const next = new Set(selected)
    for (const key of keys) on ? next.add(key) : next.delete(key)
    setSelected(next)
  }
  const nothing = state === 'discarded' ? 'jobs.noneFailed' : state || search.kind ? 'jobs.noMatch' : 'jobs.none'
  const silent = health.data ? health.data.processes.every((process) => process.stale) : false
  return (
    <Page
      title={t('admin.jobs')}
      below={<p className="co-muted">{tx('jobs.help')}</p>}
      actions={
        chosen.length > 0 ? (
          <Button look="primary" waiting={retrying} title={tx('jobs.atLeastOnce')} onClick={() => void retryChosen()}>
            {tx('jobs.retryChosen', { n: chosen.length })}
          </Button>
        ) : null
      }
    >
      {silent && (health.data?.jobs.available ?? 0) > 0 ? <Banner kind="warning">{tx('jobs.noWorker')}</Banner> : null}
      <div className="co-register-filters co-no-print">
        <ChoiceFilter
          label={tx('jobs.state')}
          value={state ?? ''}
          all={tx('jobs.all')}
          choices={STATES.map((candidate) => ({
            value: candidate,
            label: `${tx(`jobs.state.${candidate}`)} (${health.data?.jobs[candidate] ?? 0})`,
          }))}
          onChange={(value) => go({ state: value })}
        />
        <TextFilter label={tx('jobs.kind')} value={search.kind ?? ''} onChange={(kind) => go({ kind })} />
      </div>
      <Register
        label={t('admin.jobs')}
        query={query}
        page={page}
        search={search}
        empty={<p className="co-card">{tx(nothing)}</p>}
      >
        <table className="co-card-table">
          <thead>
            <tr>
              <td>
                {retryable.length > 0 ? (
                  <label className="co-right">
                    <input
                      type="checkbox"
                      className="co-check"
                      aria-label={tx('jobs.selectAll')}
                      checked={chosen.length === retryable.length}
                      onChange={(event) => choose(retryable, event.target.checked)}
                    />
                    <span className="co-cards-only">{tx('jobs.selectAll')}</span>
                  </label>
                ) : null}
              </td>
              {(['jobs.kind', 'jobs.state', 'jobs.attempts', 'jobs.when', 'jobs.error'] as const).map((key) => (
                <th key={key} scope="col">
                  {tx(key)}
                </th>
              ))}
              <th scope="col">
                <span className="co-hidden">{tx('jobs.retry')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((job) => {
              const key = String(job.id)
              const finished = job.state === 'completed'
              return (
                <tr key={key}>
                  <td>
                    {retryable.includes(key) ? (
                      <input
                        type="checkbox"
                        className="co-check"
                        aria-label={tx('jobs.select', { id: key })}
                        checked={selected.has(key)}
                        onChange={(event) => choose([key], event.target.checked)}
                      />
                    ) : null}
                  </td>
                  <th scope="row">
                    <button type="button" className="co-link-button" onClick={() => setOpen(job)}>
                      <span className="co-hidden">{tx('jobs.details', { id: key })}: </span>
                      {String(job.kind)} #{key}
                    </button>
                  </th>
                  <td data-label={tx('jobs.state')}>
                    {isState(String(job.state)) ? tx(`jobs.state.${job.state as State}`) : String(job.state)}
                  </td>
                  <td data-label={tx('jobs.attempts')} className="co-numbers">
                    {tx('jobs.attempt', { n: Number(job.attempt), of: Number(job.max_attempts) })}
                  </td>
                  <td data-label={tx('jobs.when')} className="co-numbers">
                    {showInstant(timeOf(job), personZone())}
                  </td>
                  <td data-label={tx('jobs.error')}>{errorsOf(job).at(-1)?.error}</td>
                  <td>
                    {job.state === 'running' || finished ? null : (
                      <Button look="quiet" onClick={() => void act(job, 'retry')}>
                        <span aria-hidden="true">{tx('jobs.retry')}</span>
                        <span className="co-hidden">{tx('jobs.retryOne', { id: key })}</span>
                      </Button>
                    )}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </Register>
      {open ? (
        <Dialog
          title={`${String(open.kind)} #${String(open.id)}`}
          onClose={() => setOpen(null)}
          wide
          actions={
            <>
              {open.state === 'running' ? null : (
                <Button look="primary" onClick={() => void act(open, 'retry')}>
                  {tx('jobs.retry')}
                </Button>
              )}
              {['available', 'scheduled', 'retryable', 'pending'].includes(String(open.state)) ? (
                <Button onClick={() => void act(open, 'cancel')}>{tx('jobs.cancel')}</Button>
              ) : null}
              <Button look="quiet" onClick={() => setOpen(null)}>
                {t('app.close')}
              </Button>
            </>
          }
        >
          <div className="co-stack">
            <p className="co-muted">{tx('jobs.atLeastOnce')}</p>
            <h3>{tx('jobs.args')}</h3>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard */}
            <pre className="co-code-block" tabIndex={0}>
              {JSON.stringify(open.args, null, 2)}
            </pre>
            {errorsOf(open).length > 0 ? (
              <>
                <h3>{tx('jobs.errors')}</h3>
                <ol className="co-stack co-stack-tight">
                  {errorsOf(open).map((entry) => (
                    <li key={entry.at}>
                      <span className="co-muted co-numbers">{entry.at ? showInstant(entry.at, personZone()) : ''}</span>{' '}
                      {entry.error}
                    </li>
                  ))}
                </ol>
              </>
            ) : null}
          </div>
        </Dialog>
      ) : null}
    </Page>
  )
}
