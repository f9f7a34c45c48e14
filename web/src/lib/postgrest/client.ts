// The one door to the REST API: sends the token, reads PostgREST's answers, and turns every failure
// into one of the errors beside it. Who is signed in comes from outside (lib/auth registers itself),
// so that this module knows nothing about identity providers.

import { runtimeConfig } from '~/config/runtime'
import { NetworkError, NoRowError, PostgrestError } from './errors'
import { type Condition, conditionsPath, type Read, readPath } from './query'

/** Reads end after this long without an answer, in milliseconds. */
const READ_TIMEOUT_MS = 15_000
/** Writes may wait longer: giving up early would leave the outcome unknown. */
const WRITE_TIMEOUT_MS = 45_000

export type WireRow = Record<string, unknown>

/** Schemas beside the API's first one that this client uses. */
export type Schema = 'metadata'

export interface TokenSource {
  /** A token valid for some seconds more, or null for an anonymous request. */
  token: () => Promise<string | null>
  /** The API refused this token: true when a new one was obtained and the request may be repeated. */
  renew: (refused: string) => Promise<boolean>
}

let tokens: TokenSource = { token: async () => null, renew: async () => false }

/** Where tokens come from now. */
export const tokenSource = (): TokenSource => tokens

export function setTokenSource(source: TokenSource): void {
  tokens = source
}

interface RequestOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Another door of the same server than the REST API. */
  base?: string
  body?: unknown
  prefer?: string
  /** Schema other than the API's first one. */
  schema?: Schema
  /** Exactly one row is asked for; its version comes as ETag. */
  single?: boolean
  accept?: string
  /** The write holds only while the row still has this version. */
  ifMatch?: string | null
  range?: { from: number; to: number }
  signal?: AbortSignal
  /** Another limit than that of reads and writes, in milliseconds. */
  timeout?: number
}

interface Reply {
  body: unknown
  contentRange: string | null
  etag: string | null
  /** The server gave as many rows as an operator lets it give at once, and there may be more. */
  cut: boolean
}

function readTotal(contentRange: string | null): number | undefined {
  const match = contentRange?.match(/\/(\d+)$/)
  return match?.[1] === undefined ? undefined : Number(match[1])
}

async function send(path: string, options: RequestOptions, token: string | null): Promise<Response> {
  const method = options.method ?? 'GET'
  const headers: Record<string, string> = {
    Accept: options.single ? 'application/vnd.pgrst.object+json' : (options.accept ?? 'application/json'),
  }
  if (options.schema) headers[method === 'GET' ? 'Accept-Profile' : 'Content-Profile'] = options.schema
  if (options.ifMatch) headers['If-Match'] = options.ifMatch
  if (token) headers.Authorization = `Bearer ${token}`
  if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  if (options.prefer) headers.Prefer = options.prefer
  if (options.range) {
    headers['Range-Unit'] = 'items'
    headers.Range = `${options.range.from}-${options.range.to}`
  }
  const timeout = AbortSignal.timeout(options.timeout ?? (method === 'GET' ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS))
  try {
    return await fetch((options.base ?? runtimeConfig.postgrestUrl) + path, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      credentials: 'omit',
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
    })
  } catch (cause) {
    if (options.signal?.aborted) throw cause
    throw new NetworkError(timeout.aborted, cause)
  }
}

/** One request and its answer. Throws what the answer refuses. For the modules of this folder. */
export async function request(path: string, options: RequestOptions = {}): Promise<Reply> {
  const token = await tokens.token()
  let response = await send(path, options, token)
  if (response.status === 401 && token && (await tokens.renew(token))) {
    response = await send(path, options, await tokens.token())
  }
  const contentRange = response.headers.get('Content-Range')
  const cut = response.headers.has('X-Max-Rows')
  if (response.ok && options.accept === 'text/csv') {
    return { body: await response.text(), contentRange, etag: null, cut }
  }
  let raw: string
  try {
    raw = await response.text()
  } catch (cause) {
    if (options.signal?.aborted) throw cause
    throw new NetworkError(false, cause)
  }
  let body: unknown = null
  if (raw !== '') {
    try {
      body = JSON.parse(raw)
    } catch {
      body = null
    }
  }
  if (response.ok) return { body, contentRange, etag: response.headers.get('ETag'), cut }
  const fields = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  throw new PostgrestError({
    status: response.status,
    code: text(fields.code),
    message: text(fields.message),
    details: text(fields.details),
    hint: text(fields.hint),
    requestId: response.headers.get('X-Request-Id') ?? undefined,
    total: readTotal(contentRange),
  })
}

export const rowsOf = (body: unknown): WireRow[] => (Array.isArray(body) ? (body as WireRow[]) : [])

/**
 * Rows in as many answers as it takes: an operator may limit those of one (`api.db_max_rows`). The first answer is there; `ask` gets
 * the others, by how many rows came before. At most `most` rows, which is how many there are where that is `known`. Needs an order
 * in which no two rows are equal.
 */
async function readOn(
  first: Reply,
  ask: (came: number) => Promise<Reply>,
  most = Number.POSITIVE_INFINITY,
  known = false,
): Promise<WireRow[]> {
  const rows = [...rowsOf(first.body)]
  for (let goOn = known || first.cut; goOn && rows.length < most; ) {
    const reply = await ask(rows.length)
    const more = rowsOf(reply.body)
    rows.push(...more)
    goOn = (known || reply.cut) && more.length > 0
  }
  return rows
}

/** Rows of a read. */
export async function readRows(read: Read, signal?: AbortSignal, schema?: Schema): Promise<WireRow[]> {
  const ask = (came: number) => {
    const limit = read.limit === undefined ? undefined : read.limit - came
    return request(readPath({ ...read, offset: came, limit }), { signal, schema })
  }
  return readOn(await ask(0), ask, read.limit)
}

export interface VersionedRow {
  row: WireRow
  /** Version for `If-Match`; null where the caller may not read every column. */
  etag: string | null
}

/**
 * One row with all its columns and its version; null when there is none. `select` adds fragments to
 * the columns; where the caller may not read every column, `fallback` is read without a version.
 */
export async function readVersioned(
  read: Read & { fallback: readonly string[] },
  signal?: AbortSignal,
): Promise<VersionedRow | null> {
  try {
    // Named fragments come last and win over the plain column of the same name.
    const reply = await request(readPath({ ...read, select: ['*', ...read.select] }), { signal, single: true })
    return { row: reply.body as WireRow, etag: reply.etag }
  } catch (error) {
    if (error instanceof PostgrestError && error.code === 'PGRST116') return null
    if (!(error instanceof PostgrestError) || error.code !== '42501') throw error
  }
  const [row] = await readRows({ ...read, select: read.fallback, limit: 1 }, signal)
  return row ? { row, etag: null } : null
}

export interface Page {
  rows: WireRow[]
  /** Exact number of matching rows; undefined when the server did not say. */
  total: number | undefined
}

interface Stretch {
  /** Zero-based first row. */
  from: number
  size: number
  /** Whether the exact total is asked for. */
  counted: boolean
}

const readStretch = (read: Read, { from, size, counted }: Stretch, signal?: AbortSignal, schema?: Schema) =>
  request(readPath(read), {
    range: { from, to: from + size - 1 },
    prefer: counted ? 'count=exact' : undefined,
    signal,
    schema,
  })

/** One page of a read with the exact total. `from` is the zero-based first row. */
export async function readPage(
  read: Read,
  from: number,
  size: number,
  signal?: AbortSignal,
  schema?: Schema,
): Promise<Page> {
  const first = await readStretch(read, { from, size, counted: true }, signal, schema)
  const ask = (came: number) =>
    readStretch(read, { from: from + came, size: size - came, counted: false }, signal, schema)
  const total = readTotal(first.contentRange)
  const most = total === undefined ? size : Math.min(size, total - from)
  return { rows: await readOn(first, ask, most, total !== undefined), total }
}

/** What one answer gives of a read: `size` rows or, where an operator lets it give fewer at once, those. */
export async function readPart(read: Read, stretch: Stretch, signal?: AbortSignal): Promise<Page> {
  const reply = await readStretch(read, stretch, signal)
  return { rows: rowsOf(reply.body), total: readTotal(reply.contentRange) }
}

/** A whole view, as the schema views are read: in its own order, or by its `key` where it does not come in one answer. */
export async function readView(view: string, key: readonly string[], signal?: AbortSignal): Promise<WireRow[]> {
  const whole = await request(view, { signal })
  if (!whole.cut) return rowsOf(whole.body)
  return readRows({ table: view, select: ['*'], order: key.map((by) => ({ by, dir: 'asc' })) }, signal)
}

/** Inserts one row. The new row comes back only where the caller may read it (`readBack`). */
export async function insertRow(
  table: string,
  values: WireRow,
  readBack: boolean,
  schema?: Schema,
): Promise<WireRow | undefined> {
  const reply = await request(encodeURIComponent(table), {
    method: 'POST',
    body: values,
    schema,
    prefer: readBack ? 'return=representation' : 'return=minimal',
  })
  return rowsOf(reply.body)[0]
}

/** Inserts the row or replaces the one with the same key. */
export async function saveRow(table: string, values: WireRow, schema?: Schema): Promise<void> {
  const prefer = 'resolution=merge-duplicates,return=minimal'
  await request(encodeURIComponent(table), { method: 'POST', body: values, schema, prefer })
}

interface WriteOptions {
  /** Refused with 412 when the row has another version by now. */
  ifMatch?: string | null
  schema?: Schema
}

/** Updates the rows that match. Throws NoRowError when there were none. */
export async function updateRows(
  table: string,
  conditions: readonly Condition[],
  values: WireRow,
  options: WriteOptions = {},
): Promise<WireRow> {
  const reply = await request(conditionsPath(table, conditions), {
    method: 'PATCH',
    body: values,
    prefer: 'return=representation',
    ...options,
  })
  const row = rowsOf(reply.body)[0]
  if (!row) throw new NoRowError()
  return row
}

/** Deletes the rows that match and says how many. Throws NoRowError when there were none. */
export async function deleteRows(
  table: string,
  conditions: readonly Condition[],
  column: string,
  options: WriteOptions = {},
): Promise<number> {
  const reply = await request(conditionsPath(table, conditions, [column]), {
    method: 'DELETE',
    prefer: 'return=representation',
    ...options,
  })
  const { length } = rowsOf(reply.body)
  if (length === 0) throw new NoRowError()
  return length
}

/** Calls a database function with named arguments. */
export async function callRpc(name: string, args: WireRow = {}, signal?: AbortSignal): Promise<unknown> {
  return (await request(`rpc/${name}`, { method: 'POST', body: args, signal })).body
}

/** All rows that a database function gives, which only reads and says in which order. */
export async function readRpc(name: string, args: WireRow = {}, signal?: AbortSignal): Promise<WireRow[]> {
  const ask = (came: number) =>
    request(came === 0 ? `rpc/${name}` : `rpc/${name}?offset=${came}`, { method: 'POST', body: args, signal })
  return readOn(await ask(0), ask)
}

/** Enumerations by `table.column`, out of the API's own description. */
export async function readDescription(signal?: AbortSignal): Promise<ReadonlyMap<string, readonly string[]>> {
  const { body } = await request('', { accept: 'application/openapi+json', signal })
  const found = new Map<string, readonly string[]>()
  const member = (value: unknown, key: string): unknown =>
    typeof value === 'object' && value !== null ? (value as WireRow)[key] : undefined
  const definitions = member(body, 'definitions')
  for (const [table, definition] of Object.entries((definitions ?? {}) as WireRow)) {
    for (const [column, facts] of Object.entries((member(definition, 'properties') ?? {}) as WireRow)) {
      const values = member(facts, 'enum')
      if (Array.isArray(values)) found.set(`${table}.${column}`, values.map(String))
    }
  }
  return found
}

/** Asks the server itself, beside the REST API: same token, same shape of refusals. */
export async function askServer(
  path: string,
  options: { method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'; body?: unknown; signal?: AbortSignal } = {},
): Promise<unknown> {
  return (await request(path, { ...options, base: '' })).body
}

/** A stream of the server that stays open; null where there is none. */
export async function openStream(
  path: string,
  signal: AbortSignal,
  lastId: string | null,
): Promise<ReadableStream<BufferSource> | null> {
  const token = await tokens.token()
  const headers: Record<string, string> = { Accept: 'text/event-stream' }
  if (lastId) headers['Last-Event-ID'] = lastId
  if (token) headers.Authorization = `Bearer ${token}`
  const response = await fetch(path, { headers, signal, credentials: 'omit', cache: 'no-store' })
  const stream = response.headers.get('Content-Type')?.startsWith('text/event-stream')
  if (!response.ok || !stream) void response.body?.cancel()
  if (response.status >= 500 || response.status === 401) throw new NetworkError(false, response.status)
  return response.ok && stream ? response.body : null
}
