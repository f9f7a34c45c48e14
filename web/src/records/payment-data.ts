// Payments between API and pages: reading one, waiting for what the provider does, amounts.

import { currentLocale } from '~/lib/i18n/t'
import { readRows } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'

export interface Payment {
  id: string
  amount: number
  fee: number
  currency: string
  status: string
  secret: string | null
  error: string | null
}

/** Amount in the row's currency. */
export function showAmount(amount: number, currency: string): string {
  return new Intl.NumberFormat(currentLocale(), { style: 'currency', currency: currency || 'USD' }).format(amount)
}

export async function readPayment(id: string, signal?: AbortSignal): Promise<Payment | null> {
  const [row] = await readRows(
    {
      table: 'payment_transactions',
      select: ['*'],
      conditions: [eq('id', id)],
      limit: 1,
    },
    signal,
  )
  if (!row) return null
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)
  return {
    id: String(row.id),
    amount: Number(row.amount),
    fee: Number(row.processing_fee ?? 0),
    currency: text(row.currency) ?? 'USD',
    status: text(row.exact_status) ?? text(row.status) ?? '',
    secret: text(row.provider_client_secret),
    error: text(row.error_message),
  }
}

/** States in which nothing is awaited any more; `authorized` is reserved and taken later. */
export const FINAL = ['succeeded', 'authorized', 'failed', 'canceled', 'refunded', 'partially_refunded']

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })

/** Reads the payment until `done`; null when it took too long. */
export async function waitForPayment(
  id: string,
  done: (payment: Payment) => boolean,
  { everyMs, times }: { everyMs: number; times: number },
  signal: AbortSignal,
): Promise<Payment | null> {
  for (let look = 0; look < times; look++) {
    const payment = await readPayment(id, signal)
    if (payment && done(payment)) return payment
    await pause(everyMs, signal)
  }
  return null
}
