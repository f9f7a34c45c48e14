// Payments as the office sees them: states, what is asked of the API for a search, names and amounts.

import { queryOptions } from '@tanstack/react-query'
import { nextDay, personZone, startOfDay } from '~/lib/format/dates'
import { callRpc, type WireRow } from '~/lib/postgrest/client'
import { type Condition, contains, eq, type Read } from '~/lib/postgrest/query'
import { showAmount } from '~/records/payment-data'

export const STATES = [
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
export const isState = (text: string | undefined): text is State => STATES.includes(text as State)
export const COLORS: Readonly<Record<State, [string, 'initial' | 'open' | 'terminal']>> = {
  succeeded: ['#1b6e3c', 'terminal'],
  pending: ['#f2c063', 'initial'],
  pending_intent: ['#f2c063', 'initial'],
  failed: ['#b3261e', 'terminal'],
  canceled: ['#5c6b7a', 'terminal'],
  refund_pending: ['#f2c063', 'open'],
  partially_refunded: ['#1857b0', 'open'],
  refunded: ['#1857b0', 'terminal'],
}
const SORTABLE = {
  date: 'created_at',
  description: 'description',
  status: 'effective_status',
  amount: 'amount',
} as const
export type SortKey = keyof typeof SORTABLE
export const isSort = (text: string | undefined): text is SortKey => text !== undefined && text in SORTABLE
const DAY = /^\d{4}-\d{2}-\d{2}$/

export const permissionQuery = (table: string, right: string, person: string) =>
  queryOptions({
    queryKey: ['permission', person, table, right],
    queryFn: async ({ signal }) =>
      (await callRpc('has_permission', { p_table_name: table, p_permission: right }, signal)) === true,
    staleTime: 60_000,
  })

/** Days count in the zone of the person; the last day is included. */
export function readOf(search: Readonly<Record<string, string>>): Read {
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
    order: [
      { by: SORTABLE[sort], dir: search.dir === 'asc' ? 'asc' : 'desc' },
      { by: 'id', dir: 'asc' },
    ],
  }
}

/** Who pays. */
export const nameOf = (row: WireRow) => String(row.user_full_name ?? row.user_display_name ?? '–')
export const money = (row: WireRow, amount: number) => showAmount(amount, String(row.currency ?? 'USD'))
