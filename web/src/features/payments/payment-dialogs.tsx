// A refund is asked for, and what became of refunds, each in a dialog.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { FormDialog } from '~/components/form-dialog'
import { Loading } from '~/components/loading'
import { flash } from '~/lib/flash'
import { personZone, showInstant } from '~/lib/format/dates'
import { readMoney } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import { callRpc, readRows, type WireRow } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { money, nameOf } from './payments-data'
import { tx } from './texts'

const REASON_LENGTH = 10

export function RefundDialog({ row, onClose }: { row: WireRow; onClose: () => void }) {
  const id = useId()
  // Of a reserved amount perhaps only a part was taken.
  const taken = Number(row.amount_captured ?? row.amount)
  const left = Math.round((taken - Number(row.total_refunded ?? 0)) * 100) / 100
  const [amount, setAmount] = useState(left.toFixed(2))
  const [reason, setReason] = useState('')
  const value = Number(readMoney(amount) ?? Number.NaN)

  const send = async () => {
    if (!(value > 0) || value > left) return tx('badAmount', { amount: money(row, left) })
    if (reason.trim().length < REASON_LENGTH) return tx('badReason')
    const args = { p_payment_id: row.id, p_amount: value, p_reason: reason.trim() }
    await callRpc('initiate_payment_refund', args)
    await queryClient.invalidateQueries({ queryKey: ['payments'] })
    flash({ kind: 'success', text: tx('done', { amount: money(row, value) }) }, 'here')
    return undefined
  }
  return (
    <FormDialog
      title={tx('refundOf', { name: String(row.description ?? row.display_name ?? row.id) })}
      onClose={onClose}
      submit={tx('doRefund', { amount: Number.isFinite(value) ? money(row, value) : '…', person: nameOf(row) })}
      danger
      onSubmit={send}
      // The database's own words say why.
      describe={(error) => (error instanceof Error && error.message ? error.message : t('problem.unavailable'))}
    >
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
    </FormDialog>
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

export function HistoryDialog({ row, onClose }: { row: WireRow; onClose: () => void }) {
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
