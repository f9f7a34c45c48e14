// The wire dialect of reading: how columns, embedded records, filters and order are spelled.
// Nothing outside lib/postgrest writes `select=`, `eq.` or `order=`. Pure; tests beside it.

/** Operators a condition may carry; the set a URL may name. */
export const OPERATORS = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in', 'is', 'like', 'ilike', 'ov', 'cs'] as const
export type Operator = (typeof OPERATORS)[number]

export interface Condition {
  column: string
  op: Operator
  /** For `in` the list with its parentheses, as in the address bar. */
  value: string
}

export interface Order {
  /** Column, or `alias(column)` to order by an embedded record. */
  by: string
  dir: 'asc' | 'desc'
}

export interface Read {
  table: string
  select: readonly string[]
  conditions?: readonly Condition[]
  /** Alternatives: a row matches if one of them holds. */
  anyOf?: readonly Condition[]
  /** Words for the table's full-text column. */
  search?: string
  order?: readonly Order[]
  limit?: number
  /** Rows that are left out at the beginning. */
  offset?: number
}

export const eq = (column: string, value: string | number): Condition => ({ column, op: 'eq', value: String(value) })

/** The value of an `in` condition; members with reserved characters are quoted. */
export function inList(values: readonly string[]): string {
  const member = (value: string) => (/[,()"\\:.\s]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value)
  return `(${values.map(member).join(',')})`
}

/** Reads the members of an `in` value back. */
export function readInList(value: string): string[] {
  const inner = value.replace(/^\(/, '').replace(/\)$/, '')
  const members: string[] = []
  const pattern = /"((?:[^"\\]|\\.)*)"|([^,]+)/g
  for (const match of inner.matchAll(pattern)) {
    members.push(match[1] !== undefined ? match[1].replace(/\\(.)/g, '$1') : (match[2] ?? '').trim())
  }
  return members.filter((member) => member !== '')
}

/** Condition "contains these characters, any case". */
export function contains(column: string, term: string): Condition {
  return { column, op: 'ilike', value: `*${term.replace(/[%_\\]/g, '\\$&').replace(/\*/g, '')}*` }
}

/** A related record embedded under the name of its foreign-key column. */
export function embed(alias: string, table: string, via: string, fields: readonly string[]): string {
  return `${alias}:${table}!${via}(${fields.join(',')})`
}

/** Renames a column in the answer. */
export const aliased = (alias: string, column: string): string => (alias === column ? column : `${alias}:${column}`)

const quoteInner = (value: string) => (/[,()"\\]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value)

/** Path and query string of a read, relative to the API's base. */
export function readPath(read: Read): string {
  const query: [string, string][] = [['select', read.select.join(',')]]
  if (read.search) query.push(['civic_os_text_search', `wfts.${read.search}`])
  if (read.order?.length) query.push(['order', read.order.map(({ by, dir }) => `${by}.${dir}`).join(',')])
  for (const { column, op, value } of read.conditions ?? []) {
    if (value !== '') query.push([column, `${op}.${value}`])
  }
  if (read.anyOf?.length) {
    query.push([
      'or',
      `(${read.anyOf.map(({ column, op, value }) => `${column}.${op}.${quoteInner(value)}`).join(',')})`,
    ])
  }
  if (read.limit !== undefined) query.push(['limit', String(read.limit)])
  if (read.offset) query.push(['offset', String(read.offset)])
  return `${encodeURIComponent(read.table)}?${query.map(([key, value]) => `${encodeURIComponent(key)}=${encodeQueryValue(value)}`).join('&')}`
}

/** Percent-encodes, but leaves the dialect's own punctuation readable. */
function encodeQueryValue(value: string): string {
  return encodeURIComponent(value).replace(/%(2C|3A|28|29|21|2A)/g, (encoded) => decodeURIComponent(encoded))
}

/** Query string that addresses rows by conditions, for update and delete. */
export function conditionsPath(table: string, conditions: readonly Condition[], select?: readonly string[]): string {
  const query = conditions.map(
    ({ column, op, value }) => `${encodeURIComponent(column)}=${encodeQueryValue(`${op}.${value}`)}`,
  )
  if (select) query.push(`select=${encodeQueryValue(select.join(','))}`)
  return `${encodeURIComponent(table)}?${query.join('&')}`
}
