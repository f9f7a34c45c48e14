import { afterEach, expect, test, vi } from 'vitest'
import { readPages } from './pages'

const MOST = 3
const all = Array.from({ length: 8 }, (_, index) => ({ id: index + 1, name: `n${8 - index}` }))
let asked: { url: URL; range: string | null; prefer: string | null }[] = []

/** A server that gives at most MOST rows, from a first row or behind a key. */
function serve(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(new URL(String(input), 'http://localhost'), { headers: init?.headers })
  const url = new URL(request.url)
  const range = request.headers.get('Range')
  asked.push({ url, range, prefer: request.headers.get('Prefer') })
  const behind = Number(url.searchParams.get('id')?.replace('gt.', '') ?? 0)
  const from = Number(range?.split('-')[0] ?? 0)
  const rows = all.filter(({ id }) => id > behind).slice(from, from + MOST)
  const total = request.headers.get('Prefer')?.includes('count=exact') ? all.length : '*'
  const headers = { 'Content-Type': 'application/json', 'Content-Range': `0-0/${total}` }
  return Promise.resolve(new Response(JSON.stringify(rows), { status: 206, headers }))
}

async function read(order: string): Promise<unknown[]> {
  asked = []
  vi.stubGlobal('fetch', serve)
  const rows: unknown[] = []
  const pages = readPages({ table: 't', select: ['id', 'name'], order: [{ by: order, dir: 'asc' }] }, 'id', 5)
  for await (const page of pages) {
    expect(page.total).toBe(all.length)
    rows.push(...page.rows)
  }
  return rows
}

afterEach(() => vi.unstubAllGlobals())

test('every row comes once, however few the server gives at a time', async () => {
  expect(await read('id')).toEqual(all)
  expect(await read('name')).toEqual(all)
})

test('rows are counted once', async () => {
  await read('name')
  expect(asked.map(({ prefer }) => prefer?.includes('count=exact') ?? false)).toEqual([true, false, false])
})

test('in the order of the key no row is skipped by the database', async () => {
  await read('id')
  expect(asked.map(({ url }) => url.searchParams.get('id'))).toEqual([null, 'gt.3', 'gt.6'])
  expect(asked.map(({ range }) => range?.split('-')[0])).toEqual(['0', '0', '0'])
})
