// Payments for those who may see all of them: find, refund, the history of refunds, export.

import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useId, useState } from 'react'
import { RefusedPage, SignInPage } from '~/components/access'
import { Button } from '~/components/button'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { ChoiceFilter, pageOf, Register, registerQuery, TextFilter } from '~/components/register'
import { StatusBadge } from '~/components/status-badge'
import { paths } from '~/config/paths'
import { useSession } from '~/lib/auth/session'
import { flash } from '~/lib/flash'
import { personZone, showInstant } from '~/lib/format/dates'
import { t } from '~/lib/i18n/t'
import { useModel } from '~/lib/metadata/model-context'
import { readCsv } from '~/lib/postgrest/bulk'
import { callRpc, type WireRow } from '~/lib/postgrest/client'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { HistoryDialog, RefundDialog } from './payment-dialogs'
import { COLORS, isSort, isState, money, nameOf, permissionQuery, readOf, type SortKey, STATES } from './payments-data'
import { tx } from './texts'
import './payments-page.css'

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

function Payments({ person }: { person: string }) {
  const model = useModel()
  const navigate = useNavigate()
  const id = useId()
  const search = useSearch({ strict: false }) as Record<string, string>
  const page = pageOf(search)
  const query = useQuery(registerQuery('payments', readOf(search), page))
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
        search={search}
        empty={
          <div className="co-card co-stack">
            <p>{tx(filtered ? 'none' : 'noneYet')}</p>
            {filtered ? (
              <div>
                <Button onClick={() => void navigate({ to: '.', search: {} })}>{tx('showAll')}</Button>
              </div>
            ) : null}
          </div>
        }
      >
        <table className="co-card-table">
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
                  <td data-label={tx('date')} className="co-numbers">
                    {showInstant(String(row.created_at), personZone())}
                  </td>
                  <td data-label={tx('person')}>
                    <span dir="auto">{nameOf(row)}</span>
                    {row.user_email ? (
                      <div className="co-small co-muted" dir="ltr">
                        {String(row.user_email)}
                      </div>
                    ) : null}
                  </td>
                  <td data-label={tx('description')}>
                    <span dir="auto">{label}</span>
                  </td>
                  <td data-label={tx('record')}>
                    {entity && row.entity_id ? (
                      <Link to={paths.detail(entity.key, String(row.entity_id))}>
                        {entity.name} {String(row.entity_id)}
                      </Link>
                    ) : (
                      String(row.entity_display_name ?? '–')
                    )}
                  </td>
                  <td data-label={tx('status')}>
                    <StatusBadge label={isState(state) ? tx(`state.${state}`) : state} color={color} kind={kind} />
                  </td>
                  <td data-label={tx('amount')} className="co-end co-numbers">
                    {money(row, amount)}
                  </td>
                  <td data-label={tx('refunds')} className="co-end co-numbers">
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
