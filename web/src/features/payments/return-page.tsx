// Where the provider or the bank sends the payer back to: the same states as the dialog, by address.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { SignInPage } from '~/components/access'
import { Banner } from '~/components/banner'
import { Button, buttonClass } from '~/components/button'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { paths } from '~/config/paths'
import { useSession } from '~/lib/auth/session'
import { t } from '~/lib/i18n/t'
import { useModel } from '~/lib/metadata/model-context'
import { readRows } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { FINAL, showAmount } from '~/records/payment-data'
import { tx } from '~/records/texts'

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
    <Page title={tx('return.title')} narrow>
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
          <p>
            {String(payment.description ?? payment.display_name ?? '')}{' '}
            <strong className="co-numbers">{showAmount(Number(payment.amount), String(payment.currency))}</strong>
          </p>
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
