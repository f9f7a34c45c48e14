// The state of a list is the query string: reading, checking and writing it. Unknown parts are
// dropped and reported, never an error. Pure; tests beside it.

import type { Model, Property } from '~/lib/metadata/model'
import { type Condition, OPERATORS, type Operator } from '~/lib/postgrest/query'

export const PAGE_SIZES = [10, 25, 50, 100, 200, 500, 1000] as const
export const DEFAULT_PAGE_SIZE = 25

export interface ListState {
  q: string
  sort: { column: string; dir: 'asc' | 'desc' } | null
  page: number
  pageSize: number
  filters: readonly Condition[]
  /** Chosen columns; undefined shows those of the metadata. */
  columns?: readonly string[]
}

type Search = Readonly<Record<string, string>>

const wholeNumber = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null

/** Filters `f0_col f0_op f0_val`, `f1_…`, without gaps. */
function readFilters(search: Search): { filters: Condition[]; dropped: string[] } {
  const filters: Condition[] = []
  const dropped: string[] = []
  for (let n = 0; search[`f${n}_col`] !== undefined; n++) {
    const column = search[`f${n}_col`] ?? ''
    const op = search[`f${n}_op`] ?? ''
    const value = search[`f${n}_val`] ?? ''
    if (OPERATORS.includes(op as Operator) && value !== '') filters.push({ column, op: op as Operator, value })
    else dropped.push(column)
  }
  return { filters, dropped }
}

export interface ReadState {
  state: ListState
  /** Parts of the address that name nothing this list has. */
  dropped: readonly string[]
}

export function readListState(
  search: Search,
  table: { key: string; columns: readonly Property[]; searchable: boolean },
  model: Model,
  defaultPageSize: number,
): ReadState {
  const { filters, dropped } = readFilters(search)
  const columns = search.cols?.split(',').filter((column) => {
    const exists = model.property(table.key, column) !== undefined && column !== 'civic_os_text_search'
    if (!exists) dropped.push(column)
    return exists
  })
  const known = filters.filter(({ column }) => model.property(table.key, column.split('.')[0] ?? '') !== undefined)
  for (const { column } of filters) {
    if (!known.some((filter) => filter.column === column)) dropped.push(column)
  }
  const sorted = search.sort === undefined ? undefined : model.property(table.key, search.sort)
  const visible = columns?.includes(search.sort ?? '') || table.columns.some(({ column }) => column === search.sort)
  const sortable = sorted?.sortable && visible ? sorted : undefined
  if (search.sort !== undefined && !sortable) dropped.push(search.sort)
  const pageSize = wholeNumber(search.pageSize)
  return {
    state: {
      q: table.searchable ? (search.q ?? '').trim() : '',
      sort: sortable ? { column: sortable.column, dir: search.dir === 'desc' ? 'desc' : 'asc' } : null,
      page: Math.max(1, wholeNumber(search.page) ?? 1),
      pageSize: PAGE_SIZES.find((size) => size === pageSize) ?? defaultPageSize,
      filters: known,
      ...(columns && columns.length > 0 ? { columns } : {}),
    },
    dropped,
  }
}

/** Query string for a state. The page is left out when it is the first. */
export function writeListState(state: ListState, defaultPageSize: number): Record<string, string> {
  const search: Record<string, string> = {}
  if (state.q) search.q = state.q
  if (state.sort) {
    search.sort = state.sort.column
    search.dir = state.sort.dir
  }
  if (state.page > 1) search.page = String(state.page)
  if (state.pageSize !== defaultPageSize) search.pageSize = String(state.pageSize)
  if (state.columns) search.cols = state.columns.join(',')
  state.filters.forEach(({ column, op, value }, n) => {
    search[`f${n}_col`] = column
    search[`f${n}_op`] = op
    search[`f${n}_val`] = value
  })
  return search
}

/** Every change but the page itself starts again at page 1. */
export function changeState(state: ListState, change: Partial<ListState>): ListState {
  return { ...state, page: 1, ...change }
}

/** Sorting by a header: ascending, descending, none. */
export function nextSort(current: ListState['sort'], column: string): ListState['sort'] {
  if (current?.column !== column) return { column, dir: 'asc' }
  return current.dir === 'asc' ? { column, dir: 'desc' } : null
}

/** Page numbers to offer: all up to seven, otherwise the ends and the neighbours; 0 is a gap. */
export function pageNumbers(page: number, last: number): number[] {
  if (last <= 7) return Array.from({ length: last }, (_, index) => index + 1)
  const wanted = [1, page - 1, page, page + 1, last].filter((n) => n >= 1 && n <= last)
  const sorted = [...new Set(wanted)].sort((a, b) => a - b)
  return sorted.flatMap((n, index) => {
    const before = sorted[index - 1]
    if (before === undefined || n === before + 1) return [n]
    return n === before + 2 ? [n - 1, n] : [0, n]
  })
}
