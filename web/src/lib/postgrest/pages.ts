// Reading all that matches, page by page.

import { type Page, readPart } from './client'
import type { Read } from './query'

/**
 * All rows of a read; `key` is its unique column. Rows are counted once, with the first page. Where they are ordered by the key
 * alone, each page begins behind the last row of the one before: to skip rows, the database would make them again for every
 * page, with all that is embedded in them. The server may give fewer rows than were asked for.
 */
export async function* readPages(
  read: Read,
  key: string | null,
  size: number,
  signal?: AbortSignal,
): AsyncGenerator<Page> {
  const [order, ...more] = read.order ?? []
  const byKey = key !== null && order?.by === key && order.dir === 'asc' && more.length === 0
  let page = await readPart(read, { from: 0, size, counted: true }, signal)
  const { total } = page
  for (let seen = page.rows.length; ; seen += page.rows.length) {
    yield { rows: page.rows, total }
    const last = page.rows.at(-1)
    if (!last || (total !== undefined && seen >= total)) return
    const after = byKey ? last[key] : undefined
    page =
      typeof after === 'number' || typeof after === 'string'
        ? await readPart(behind(read, key ?? '', after), { from: 0, size, counted: false }, signal)
        : await readPart(read, { from: seen, size, counted: false }, signal)
  }
}

const behind = (read: Read, column: string, value: string | number): Read => ({
  ...read,
  conditions: [...(read.conditions ?? []), { column, op: 'gt', value: String(value) }],
})
