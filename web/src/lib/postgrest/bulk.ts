// Many rows or whole files at once: what only some pages do, so that the first page need not load it.

import { request, rowsOf, tokenSource, type WireRow } from './client'
import { NetworkError, PostgrestError } from './errors'
import { type Condition, conditionsPath, type Read, readPath } from './query'

/** Many rows in one statement take their time; who waits can cancel. */
const BULK_TIMEOUT_MS = 600_000

/** How many rows an answer has. */
function rowsIn(contentRange: string | null): number {
  const match = contentRange?.match(/^(\d+)-(\d+)\//)
  return match ? Number(match[2]) - Number(match[1]) + 1 : 0
}

/** Updates the rows that match; the ids of those that were changed. */
export async function updateMany(
  table: string,
  conditions: readonly Condition[],
  values: WireRow,
  idColumn: string,
): Promise<string[]> {
  const reply = await request(conditionsPath(table, conditions, [idColumn]), {
    method: 'PATCH',
    body: values,
    prefer: 'return=representation',
  })
  return rowsOf(reply.body).map((row) => String(row[idColumn]))
}

/** Rows as comma-separated text, as the API writes it. */
export async function readCsv(read: Read, signal?: AbortSignal): Promise<string> {
  let text = ''
  for (let came = 0, more = true; more; ) {
    const reply = await request(readPath({ ...read, offset: came }), { accept: 'text/csv', signal })
    const part = String(reply.body)
    // Every answer begins with the names of the columns.
    text += text === '' ? part : part.slice(part.indexOf('\n'))
    const rows = rowsIn(reply.contentRange)
    came += rows
    more = reply.cut && rows > 0
  }
  return text
}

/**
 * Inserts rows with the same meaning of columns in one statement; absent columns get their defaults.
 * The values of `readBack` come back in the order of the rows.
 */
export async function insertMany(
  table: string,
  rows: readonly WireRow[],
  columns: readonly string[],
  signal?: AbortSignal,
  readBack?: string,
): Promise<unknown[]> {
  if (rows.length === 0) return []
  const select = readBack ? `&select=${encodeURIComponent(readBack)}` : ''
  const reply = await request(
    `${encodeURIComponent(table)}?columns=${columns.map(encodeURIComponent).join(',')}${select}`,
    {
      method: 'POST',
      body: rows,
      prefer: `missing=default,return=${readBack ? 'representation' : 'minimal'}`,
      signal,
      timeout: BULK_TIMEOUT_MS,
    },
  )
  return readBack ? rowsOf(reply.body).map((row) => row[readBack]) : []
}

/** Changes records found by the values of `key`, all of them or none; a refusal tells in its hint which row it was. */
export async function updateKeyed(
  table: string,
  key: string,
  rows: readonly WireRow[],
  signal?: AbortSignal,
): Promise<void> {
  const body = { p_table_name: table, p_key: key, p_rows: rows }
  await request('rpc/update_rows', { method: 'POST', body, signal, timeout: BULK_TIMEOUT_MS })
}

async function exchangeFile(path: string, body: BodyInit, type: string, signal?: AbortSignal): Promise<Response> {
  const ask = async (token: string | null) =>
    fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': type, ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      body,
      credentials: 'omit',
      signal,
    }).catch((cause: unknown) => {
      if (signal?.aborted) throw cause
      throw new NetworkError(false, cause)
    })
  const token = await tokenSource().token()
  let response = await ask(token)
  if (response.status === 401 && token && (await tokenSource().renew(token)))
    response = await ask(await tokenSource().token())
  if (response.ok) return response
  const fields = (await response.json().catch(() => ({}))) as { code?: string; message?: string }
  throw new PostgrestError({ status: response.status, code: fields.code, message: fields.message })
}

/** Sends a file to the server and gets JSON back. */
export const sendFile = async (path: string, file: Blob, signal?: AbortSignal): Promise<unknown> =>
  (await exchangeFile(path, file, 'application/octet-stream', signal)).json()

/** Sends JSON to the server and gets a file back. */
export const askForFile = async (path: string, body: unknown, signal?: AbortSignal): Promise<Blob> =>
  (await exchangeFile(path, JSON.stringify(body), 'application/json', signal)).blob()
