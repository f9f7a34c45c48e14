// Where the provider or the bank sends the payer back to: the same states as the dialog, by address. Of a
// payment that went through it is the receipt, also years later.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { SignInPage } from '~/components/access'
import { Banner } from '~/components/banner'
import { Button, buttonClass } from '~/components/button'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { paths } from '~/config/paths'
import { useSession } from '~/lib/auth/session'
import { personZone, showInstant } from '~/lib/format/dates'
import { t } from '~/lib/i18n/t'
import { useModel } from '~/lib/metadata/model-context'
import { readRows, type WireRow } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { FINAL, showAmount } from '~/records/payment-data'
import { tx } from '~/records/texts'
import './payments-page.css'

const paymentQuery = (column: string, id: string) =>
  queryOptions({
    queryKey: ['payment', column, id],
    queryFn: async ({ signal }) =>
      (
        await readRows({ table: 'payment_transactions', select: ['*'], conditions: [eq(column, id)], limit: 1 }, signal)
      )[0] ?? null,
    enabled: id !== '',
  })

export function PaymentReturnPage() {
  const session = useSession()
  const model = useModel()
  const search = useSearch({ strict: false }) as Record<string, string>
  // Ours names the payment; the provider its own intent.
  const [column, id] = search.payment ? ['id', search.payment] : ['provider_payment_id', search.payment_intent ?? '']
  const query = useQuery({
    ...paymentQuery(column ?? 'id', id ?? ''),
    refetchInterval: (state) => (state.state.data && FINAL.includes(String(state.state.data.status)) ? false : 1500),
  })
  if (session.state === 'starting') return <Loading />
  if (session.state === 'anonymous') return <SignInPage />
  const payment = query.data
  const status = String(payment?.status ?? '')
  const entity = payment ? model.entity(String(payment.entity_type)) : undefined
  return (
    <Page title={tx(status === 'succeeded' ? 'receipt.title' : 'return.title')} narrow>
      {query.isError ? (
        <Banner kind="error" urgent onRetry={() => void query.refetch()}>
          {describeProblem(query.error, { attempt: 'read' }).text}
        </Banner>
      ) : id === '' || payment === null ? (
        <p>{tx('return.unknown')}</p>
      ) : !payment ? (
        <Loading lines={3} />
      ) : (
        <>
          {status === 'succeeded' ? (
            <Banner kind="success">{tx('pay.paid')}</Banner>
          ) : status === 'failed' ? (
            <Banner kind="error" urgent>
              {tx('pay.declined', { reason: String(payment.error_message ?? '') })}
            </Banner>
          ) : status === 'canceled' ? (
            <Banner kind="warning">{tx('pay.canceled')}</Banner>
          ) : (
            <p role="status">{tx('pay.confirming')}</p>
          )}
          {status === 'succeeded' ? (
            <Receipt payment={payment} />
          ) : (
            <p>
              {String(payment.description ?? payment.display_name ?? '')}{' '}
              <strong className="co-numbers">{showAmount(Number(payment.amount), String(payment.currency))}</strong>
            </p>
          )}
          <div className="co-row co-no-print">
            {entity && payment.entity_id ? (
              <Link to={paths.detail(entity.key, String(payment.entity_id))} className={buttonClass('primary')}>
                {tx('return.toRecord')}
              </Link>
            ) : null}
            {status === 'succeeded' ? <Button onClick={() => print()}>{tx('pay.print')}</Button> : null}
            <Link to={paths.home()} className={buttonClass()}>
              {t('app.goHome')}
            </Link>
          </div>
        </>
      )}
    </Page>
  )
}

function Receipt({ payment }: { payment: WireRow }) {
  const money = (amount: number) => showAmount(amount, String(payment.currency))
  const total = Number(payment.amount_captured ?? payment.amount)
  const [fee, refunded] = [Number(payment.processing_fee ?? 0), Number(payment.total_refunded ?? 0)]
  const lines: [string, string][] = [
    [tx('receipt.for'), String(payment.description ?? payment.display_name ?? '')],
    [tx('receipt.payer'), String(payment.user_full_name ?? payment.user_display_name ?? '')],
    [tx('receipt.date'), showInstant(String(payment.created_at), personZone())],
  ]
  if (fee > 0) lines.push([tx('pay.amount'), money(total - fee)], [tx('pay.fee'), money(fee)])
  lines.push([tx('pay.total'), money(total)])
  if (refunded > 0) lines.push([tx('receipt.refunded'), money(refunded)], [tx('receipt.kept'), money(total - refunded)])
  lines.push(
    [tx('pay.reference'), String(payment.id)],
    [tx('receipt.provider'), String(payment.provider_payment_id ?? '–')],
  )
  return (
    <dl className="co-pay-receipt co-card">
      {lines.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd dir="auto" className="co-numbers">
            {text}
          </dd>
        </div>
      ))}
    </dl>
  )
}
