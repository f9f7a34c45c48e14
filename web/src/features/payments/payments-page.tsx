// Payments for those who may see all of them: find, refund, the history of refunds, export.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useId, useState } from 'react'
import { RefusedPage, SignInPage } from '~/components/access'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { ChoiceFilter, pageOf, Register, TextFilter } from '~/components/register'
import { StatusBadge } from '~/components/status-badge'
import { paths } from '~/config/paths'
import { useSession } from '~/lib/auth/session'
import { flash } from '~/lib/flash'
import { nextDay, personZone, showInstant, startOfDay } from '~/lib/format/dates'
import { readMoney } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import { useModel } from '~/lib/metadata/model-context'
import { callRpc, readCsv, readPage, readRows, type WireRow } from '~/lib/postgrest/client'
import { type Condition, contains, eq, type Read } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { showAmount } from '~/records/payment-data'
import { tx } from './texts'
import './payments-page.css'

const STATES = [
  'succeeded',
  'pending',
  'pending_intent',
  'failed',
  'canceled',
  'refund_pending',
  'partially_refunded',
  'refunded',
] as const
type State = (typeof STATES)[number]
const isState = (text: string | undefined): text is State => STATES.includes(text as State)
const COLORS: Readonly<Record<State, [string, 'initial' | 'open' | 'terminal']>> = {
  succeeded: ['#1b6e3c', 'terminal'],
  pending: ['#f2c063', 'initial'],
  pending_intent: ['#f2c063', 'initial'],
  failed: ['#b3261e', 'terminal'],
  canceled: ['#5c6b7a', 'terminal'],
  refund_pending: ['#f2c063', 'open'],
  partially_refunded: ['#1857b0', 'open'],
  refunded: ['#1857b0', 'terminal'],
}
const PAGE_SIZE = 25
const SORTABLE = {
  date: 'created_at',
  description: 'description',
  status: 'effective_status',
  amount: 'amount',
} as const
type SortKey = keyof typeof SORTABLE
const isSort = (text: string | undefined): text is SortKey => text !== undefined && text in SORTABLE
const DAY = /^\d{4}-\d{2}-\d{2}$/

const permissionQuery = (table: string, right: string, person: string) =>
  queryOptions({
    queryKey: ['permission', person, table, right],
    queryFn: async ({ signal }) =>
      (await callRpc('has_permission', { p_table_name: table, p_permission: right }, signal)) === true,
    staleTime: 60_000,
  })

/** Days count in the zone of the person; the last day is included. */
function readOf(search: Readonly<Record<string, string>>): Read {
  const conditions: Condition[] = []
  if (isState(search.state)) conditions.push(eq('effective_status', search.state))
  if (search.from && DAY.test(search.from)) {
    conditions.push({ column: 'created_at', op: 'gte', value: startOfDay(search.from, personZone()) })
  }
  if (search.to && DAY.test(search.to)) {
    conditions.push({ column: 'created_at', op: 'lt', value: startOfDay(nextDay(search.to), personZone()) })
  }
  const sort = isSort(search.sort) ? search.sort : 'date'
  return {
    table: 'payment_transactions',
    select: ['*'],
    conditions,
    anyOf: search.q ? [contains('description', search.q), contains('user_email', search.q)] : undefined,
    order: [{ by: SORTABLE[sort], dir: search.dir === 'asc' ? 'asc' : 'desc' }],
  }
}

const paymentsQuery = (search: Readonly<Record<string, string>>, page: number) => {
  const read = readOf(search)
  return queryOptions({
    queryKey: ['payments', read, page],
    queryFn: ({ signal }) => readPage(read, (page - 1) * PAGE_SIZE, PAGE_SIZE, signal),
    placeholderData: (previous) => previous,
  })
}

export function PaymentsPage() {
  const session = useSession()
  const person = session.state === 'signed-in' ? session.person.id : ''
  const allowed = useQuery({ ...permissionQuery('payment_transactions', 'read', person), enabled: person !== '' })
  if (session.state === 'anonymous') return <SignInPage />
  if (allowed.data === undefined) {
    return (
      <Page title={tx('title')}>
        <Loading />
      </Page>
    )
  }
  return allowed.data ? <Payments person={person} /> : <RefusedPage title={t('refused.title', { name: tx('title') })} />
}

const nameOf = (row: WireRow) => String(row.user_full_name ?? row.user_display_name ?? '–')
const money = (row: WireRow, amount: number) => showAmount(amount, String(row.currency ?? 'USD'))

function Payments({ person }: { person: string }) {
  const model = useModel()
  const navigate = useNavigate()
  const id = useId()
  const search = useSearch({ strict: false }) as Record<string, string>
  const page = pageOf(search)
  const query = useQuery(paymentsQuery(search, page))
  const mayRefund = useQuery(permissionQuery('payment_refunds', 'create', person)).data === true
  const mayCapture = useQuery(permissionQuery('payment_transactions', 'update', person)).data === true
  const [dialog, setDialog] = useState<{ kind: 'refund' | 'history'; row: WireRow } | null>(null)
  const rows = query.data?.rows ?? []
  const go = (change: Record<string, string | undefined>) =>
    void navigate({ to: '.', search: { ...search, page: undefined, ...change }, resetScroll: false })
  const sort = isSort(search.sort) ? search.sort : 'date'
  const ascending = search.dir === 'asc'

  const exportCsv = async () => {
    try {
      const text = await readCsv({
        ...readOf(search),
        select: [
          'created_at',
          'user_full_name',
          'user_email',
          'description',
          'entity_display_name',
          'entity_id',
          'effective_status',
          'amount',
          'currency',
          'total_refunded',
          'provider_payment_id',
          'id',
        ],
      })
      const link = document.createElement('a')
      link.href = URL.createObjectURL(new Blob(['\ufeff', text], { type: 'text/csv' }))
      link.download = `payments_${new Date().toISOString().slice(0, 10)}.csv`
      link.click()
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
    } catch (error) {
      flash({ kind: 'warning', text: describeProblem(error, { attempt: 'read' }).text }, 'here')
    }
  }
  const act = async (row: WireRow, action: 'capture' | 'cancel') => {
    try {
      await callRpc(action === 'capture' ? 'capture_payment' : 'cancel_payment', { p_payment_id: row.id })
      flash({ kind: 'success', text: tx(action === 'capture' ? 'captured' : 'cancelled') }, 'here')
    } catch (error) {
      flash({ kind: 'warning', text: describeProblem(error, { attempt: 'update' }).text }, 'here')
    }
    void queryClient.invalidateQueries({ queryKey: ['payments'] })
  }

  const filtered = ['state', 'from', 'to', 'q'].some((key) => search[key])
  const header = (key: SortKey, end = false) => (
    <th
      scope="col"
      className={end ? 'co-end' : undefined}
      aria-sort={sort === key ? (ascending ? 'ascending' : 'descending') : undefined}
    >
      <button
        type="button"
        className="co-pay-sort"
        onClick={() => go({ sort: key, dir: sort === key && !ascending ? 'asc' : 'desc' })}
      >
        {tx(key)}
        {sort === key ? (ascending ? ' ↑' : ' ↓') : ''}
      </button>
    </th>
  )
  return (
    <Page
      title={tx('title')}
      below={<p className="co-muted">{tx('help')}</p>}
      actions={
        <>
          <Button onClick={() => void exportCsv()}>{tx('exportCsv')}</Button>
          <Button look="quiet" onClick={() => void query.refetch()}>
            {tx('refresh')}
          </Button>
        </>
      }
    >
      <div className="co-register-filters co-no-print">
        <ChoiceFilter
          label={tx('status')}
          value={isState(search.state) ? search.state : ''}
          all={tx('all')}
          choices={STATES.map((state) => ({ value: state, label: tx(`state.${state}`) }))}
          onChange={(state) => go({ state })}
        />
        {(['from', 'to'] as const).map((bound) => (
          <div key={bound} className="co-bound">
            <label htmlFor={`${id}-${bound}`} className="co-small">
              {tx(bound)}
            </label>
            <input
              id={`${id}-${bound}`}
              type="date"
              className="co-input"
              value={search[bound] ?? ''}
              onChange={(event) => go({ [bound]: event.target.value || undefined })}
            />
          </div>
        ))}
        <TextFilter label={tx('find')} value={search.q ?? ''} onChange={(q) => go({ q })} />
      </div>
      <Register
        label={tx('title')}
        query={query}
        page={page}
        size={PAGE_SIZE}
        shown={rows.length}
        total={query.data?.total}
        search={search}
        empty={
          <div className="co-card co-stack">
            <p>{tx('none')}</p>
            {filtered ? (
              <div>
                <Button onClick={() => void navigate({ to: '.', search: {} })}>{tx('showAll')}</Button>
              </div>
            ) : null}
          </div>
        }
      >
        <table>
          <thead>
            <tr>
              {header('date')}
              <th scope="col">{tx('person')}</th>
              {header('description')}
              <th scope="col">{tx('record')}</th>
              {header('status')}
              {header('amount', true)}
              <th scope="col" className="co-end">
                {tx('refunds')}
              </th>
              <th scope="col">{tx('actions')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const entity = model.entity(String(row.entity_type))
              const state = String(row.effective_status)
              const [color, kind] = isState(state) ? COLORS[state] : ['#5c6b7a', 'open' as const]
              const refunded = Number(row.total_refunded ?? 0)
              const refunds = Number(row.refund_count ?? 0) + Number(row.pending_refund_count ?? 0)
              const amount = Number(row.amount)
              const paid = ['succeeded', 'partially_refunded'].includes(state)
              const label = String(row.description ?? row.display_name ?? row.id)
              return (
                <tr key={String(row.id)}>
                  <td className="co-numbers">{showInstant(String(row.created_at), personZone())}</td>
                  <td>
                    <span dir="auto">{nameOf(row)}</span>
                    {row.user_email ? (
                      <div className="co-small co-muted" dir="ltr">
                        {String(row.user_email)}
                      </div>
                    ) : null}
                  </td>
                  <td dir="auto">{label}</td>
                  <td>
                    {entity && row.entity_id ? (
                      <Link to={paths.detail(entity.key, String(row.entity_id))}>
                        {entity.name} {String(row.entity_id)}
                      </Link>
                    ) : (
                      String(row.entity_display_name ?? '–')
                    )}
                  </td>
                  <td>
                    <StatusBadge label={isState(state) ? tx(`state.${state}`) : state} color={color} kind={kind} />
                  </td>
                  <td className="co-end co-numbers">{money(row, amount)}</td>
                  <td className="co-end co-numbers">
                    {refunds > 0 ? (
                      <>
                        {refunded > 0 ? (
                          <div>
                            −{money(row, refunded)}
                            {refunded < amount ? (
                              <span className="co-muted">
                                {' '}
                                ({tx('net', { amount: money(row, amount - refunded) })})
                              </span>
                            ) : null}
                          </div>
                        ) : null}
                        <button
                          type="button"
                          className="co-pay-link"
                          onClick={() => setDialog({ kind: 'history', row })}
                        >
                          {tx('refundCount', { n: refunds })}
                          {Number(row.pending_refund_count ?? 0) > 0
                            ? ` (${tx('pendingCount', { n: Number(row.pending_refund_count) })})`
                            : ''}
                        </button>
                      </>
                    ) : (
                      '–'
                    )}
                  </td>
                  <td>
                    <span className="co-row co-nowrap">
                      {mayRefund && paid && Number(row.pending_refund_count ?? 0) === 0 ? (
                        <Button look="quiet" onClick={() => setDialog({ kind: 'refund', row })}>
                          <span aria-hidden="true">{tx('refund')}</span>
                          <span className="co-hidden">{tx('refundOf', { name: label })}</span>
                        </Button>
                      ) : null}
                      {mayCapture && row.exact_status === 'authorized' ? (
                        <>
                          <Button look="quiet" onClick={() => void act(row, 'capture')}>
                            {tx('capture')}
                          </Button>
                          <Button look="quiet" onClick={() => void act(row, 'cancel')}>
                            {tx('cancel')}
                          </Button>
                        </>
                      ) : null}
                    </span>
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </Register>
      {dialog?.kind === 'refund' ? (
        <RefundDialog row={dialog.row} onClose={() => setDialog(null)} />
      ) : dialog ? (
        <HistoryDialog row={dialog.row} onClose={() => setDialog(null)} />
      ) : null}
    </Page>
  )
}

const REASON_LENGTH = 10

function RefundDialog({ row, onClose }: { row: WireRow; onClose: () => void }) {
  const id = useId()
  // Of a reserved amount perhaps only a part was taken.
  const taken = Number(row.amount_captured ?? row.amount)
  const left = Math.round((taken - Number(row.total_refunded ?? 0)) * 100) / 100
  const [amount, setAmount] = useState(left.toFixed(2))
  const [reason, setReason] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const [waiting, setWaiting] = useState(false)
  const value = Number(readMoney(amount) ?? Number.NaN)

  const send = async () => {
    if (waiting) return
    if (!(value > 0) || value > left) return setProblem(tx('badAmount', { amount: money(row, left) }))
    if (reason.trim().length < REASON_LENGTH) return setProblem(tx('badReason'))
    setWaiting(true)
    setProblem(null)
    try {
      const args = { p_payment_id: row.id, p_amount: value, p_reason: reason.trim() }
      await callRpc('initiate_payment_refund', args)
      await queryClient.invalidateQueries({ queryKey: ['payments'] })
      flash({ kind: 'success', text: tx('done', { amount: money(row, value) }) }, 'here')
      onClose()
    } catch (error) {
      setProblem(error instanceof Error && error.message ? error.message : t('problem.unavailable'))
      setWaiting(false)
    }
  }
  return (
    <Dialog
      title={tx('refundOf', { name: String(row.description ?? row.display_name ?? row.id) })}
      onClose={onClose}
      locked={waiting}
      actions={
        <>
          <Button look="danger" waiting={waiting} onClick={() => void send()}>
            {tx('doRefund', { amount: Number.isFinite(value) ? money(row, value) : '…', person: nameOf(row) })}
          </Button>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
        </>
      }
    >
      <form
        className="co-stack"
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          void send()
        }}
      >
        {problem ? (
          <Banner kind="error" urgent>
            {problem}
          </Banner>
        ) : null}
        <ul className="co-small">
          <li>{tx('original', { amount: money(row, taken) })}</li>
          <li>{tx('already', { amount: money(row, Number(row.total_refunded ?? 0)) })}</li>
          <li>
            <strong>{tx('available', { amount: money(row, left) })}</strong>
          </li>
        </ul>
        <p>{tx('irreversible')}</p>
        <div className="co-bound">
          <label htmlFor={`${id}-amount`}>{tx('amount')}</label>
          <input
            id={`${id}-amount`}
            className="co-input co-input-short"
            inputMode="decimal"
            data-autofocus
            value={amount}
            onChange={(event) => setAmount(event.target.value)}
          />
        </div>
        <div className="co-bound">
          <label htmlFor={`${id}-reason`}>{tx('reason')}</label>
          <textarea
            id={`${id}-reason`}
            className="co-input"
            rows={3}
            dir="auto"
            aria-describedby={`${id}-count`}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <span id={`${id}-count`} className="co-small co-muted">
            {tx('count', { n: reason.trim().length })}
          </span>
        </div>
      </form>
    </Dialog>
  )
}

/** The three states of a refund in words. */
function refundState(refund: WireRow): string {
  const state = String(refund.status)
  return state === 'pending' || state === 'succeeded' || state === 'failed' ? tx(`refundState.${state}`) : state
}

const refundsQuery = (id: string) =>
  queryOptions({
    queryKey: ['payments', 'refunds', id],
    queryFn: ({ signal }) =>
      readRows(
        {
          table: 'payment_refunds',
          select: ['*'],
          conditions: [eq('transaction_id', id)],
          order: [{ by: 'created_at', dir: 'desc' }],
        },
        signal,
      ),
  })

function HistoryDialog({ row, onClose }: { row: WireRow; onClose: () => void }) {
  const query = useQuery(refundsQuery(String(row.id)))
  return (
    <Dialog
      title={tx('history', { name: String(row.description ?? row.display_name ?? row.id) })}
      onClose={onClose}
      wide
      actions={<Button onClick={onClose}>{t('app.close')}</Button>}
    >
      <div className="co-stack">
        <p>
          {tx('original', { amount: money(row, Number(row.amount)) })} ·{' '}
          {tx('already', { amount: money(row, Number(row.total_refunded ?? 0)) })}
        </p>
        <p className="co-small">
          {tx('intent')}: <code>{String(row.provider_payment_id ?? '–')}</code>
        </p>
        {query.isPending ? (
          <Loading lines={3} />
        ) : query.isError ? (
          <Banner kind="error">{describeProblem(query.error, { attempt: 'read' }).text}</Banner>
        ) : query.data.length === 0 ? (
          <p>{tx('noRefunds')}</p>
        ) : (
          <ul className="co-stack co-stack-tight">
            {query.data.map((refund) => (
              <li key={String(refund.id)} className="co-card">
                <strong className="co-numbers">{money(row, Number(refund.amount))}</strong> · {refundState(refund)} ·{' '}
                <span className="co-numbers">{showInstant(String(refund.created_at), personZone())}</span>
                <div dir="auto">
                  {String(refund.reason ?? '')}
                  {refund.initiated_by_name ? (
                    <span className="co-muted"> – {String(refund.initiated_by_name)}</span>
                  ) : null}
                </div>
                {refund.provider_refund_id ? (
                  <code className="co-small">{String(refund.provider_refund_id)}</code>
                ) : null}
                {refund.error_message ? <div className="co-field-error">{String(refund.error_message)}</div> : null}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Dialog>
  )
}
