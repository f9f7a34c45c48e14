// Reading from a server whose operator limits the rows of one answer (`api.db_max_rows`).

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readCsv } from './bulk'
import { readPage, readRows, readRpc, readView } from './client'

const MOST = 3
const all = Array.from({ length: 8 }, (_, index) => ({ id: index + 1, name: `n${8 - index}` }))
let asked: string[] = []
let limited = true

/** Answers like the API: offset, limit and range hold, and an answer that was cut says so. */
function serve(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(new URL(String(input), 'http://localhost'), { ...init, signal: undefined })
  const url = new URL(request.url)
  asked.push(`${url.pathname.split('/').pop()}${url.search} ${request.headers.get('Range') ?? ''}`.trim())
  const [low, high] = request.headers.get('Range')?.split('-').map(Number) ?? []
  const from = low ?? Number(url.searchParams.get('offset') ?? 0)
  const limit = url.searchParams.get('limit')
  const wanted = low === undefined || high === undefined ? (limit === null ? null : Number(limit)) : high - low + 1
  const cut = limited && (wanted === null || wanted > MOST)
  const rows = all.slice(from, from + (cut ? MOST : (wanted ?? all.length)))
  const total = request.headers.get('Prefer')?.includes('count=exact') ? all.length : '*'
  const headers = new Headers({
    'Content-Range': `${rows.length ? `${from}-${from + rows.length - 1}` : '*'}/${total}`,
  })
  if (cut && rows.length === MOST) headers.set('X-Max-Rows', String(MOST))
  const csv = request.headers.get('Accept') === 'text/csv'
  const lines = ['id,name', ...rows.map(({ id, name }) => `${id},${name}`)].join('\n')
  return Promise.resolve(new Response(csv ? lines : JSON.stringify(rows), { headers }))
}

beforeEach(() => {
  asked = []
  limited = true
  vi.stubGlobal('fetch', serve)
})
afterEach(() => vi.unstubAllGlobals())

const read = { table: 't', select: ['id', 'name'], order: [{ by: 'id', dir: 'asc' as const }] }

test('a page has all its rows, and the next one begins behind them', async () => {
  const first = await readPage(read, 0, 5)
  const second = await readPage(read, 5, 5)
  expect([...first.rows, ...second.rows]).toEqual(all)
  expect([first.total, second.total]).toEqual([8, 8])
  expect(asked.map((what) => what.split(' ')[1])).toEqual(['0-4', '3-4', '5-9'])
})

test('a read without pages is whole, and one with a limit keeps it', async () => {
  expect(await readRows(read)).toEqual(all)
  expect(await readRows({ ...read, limit: 4 })).toEqual(all.slice(0, 4))
  expect(await readRows({ ...read, limit: 3 })).toEqual(all.slice(0, 3))
})

test('what functions give is whole', async () => {
  expect(await readRpc('get_roles')).toEqual(all)
  expect(asked).toEqual(['get_roles', 'get_roles?offset=3', 'get_roles?offset=6'])
})

test('a view that does not come at once is read by its key', async () => {
  expect(await readView('v', ['id'])).toEqual(all)
  expect(asked[0]).toBe('v')
  expect(asked.slice(1).every((what) => what.includes('order=id.asc'))).toBe(true)
})

test('text has its headings once', async () => {
  expect(await readCsv(read)).toBe(['id,name', ...all.map(({ id, name }) => `${id},${name}`)].join('\n'))
})

test('without a limit every read is one request', async () => {
  limited = false
  await readRows(read)
  await readPage(read, 0, 5)
  await readRpc('get_roles')
  await readView('v', ['id'])
  await readCsv(read)
  expect(asked).toHaveLength(5)
})
