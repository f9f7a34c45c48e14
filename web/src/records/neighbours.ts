// The list that led to a record: which records stand before and after it, also beyond the page that was
// shown. Kept as long as the tab lives.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { readPage } from '~/lib/postgrest/client'
import type { Read } from '~/lib/postgrest/query'

const KEY = 'civic_os_list_rows:'
/** Most records kept of one list. */
const KEPT = 2000

export interface ListedRows {
  /** What the list asked for, to ask for the pages around it. */
  read: Read
  idColumn: string
  /** Number of the first row in the whole list, from 0. */
  from: number
  /** Rows of a page. */
  size: number
  total: number
  ids: readonly string[]
}

export function rememberRows(entity: string, rows: ListedRows): void {
  try {
    sessionStorage.setItem(KEY + entity, JSON.stringify(rows))
  } catch (error) {
    console.warn('the way to neighbouring records is not kept', error)
  }
}

function recall(entity: string): ListedRows | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY + entity) ?? 'null') as ListedRows | null
  } catch {
    return null
  }
}

/** With the page before or after it. */
export function extended(rows: ListedRows, side: 'before' | 'after', ids: readonly string[]): ListedRows {
  const fresh = ids.filter((id) => !rows.ids.includes(id))
  if (side === 'before') {
    return { ...rows, from: Math.max(0, rows.from - fresh.length), ids: [...fresh, ...rows.ids].slice(0, KEPT) }
  }
  const all = [...rows.ids, ...fresh]
  const dropped = Math.max(0, all.length - KEPT)
  return { ...rows, from: rows.from + dropped, ids: all.slice(dropped) }
}

const pageQuery = (entity: string, rows: ListedRows | null, from: number, size: number) =>
  queryOptions({
    queryKey: ['neighbours', entity, rows?.read, from, size],
    queryFn: async ({ signal }): Promise<string[]> => {
      if (!rows) return []
      const page = await readPage(rows.read, from, size, signal)
      return page.rows.map((row) => String(row[rows.idColumn]))
    },
    enabled: rows !== null && size > 0,
    staleTime: Number.POSITIVE_INFINITY,
  })

export interface Neighbours {
  previous: string | null
  next: string | null
  /** Place of the record in the list, from 1. */
  position: number
  total: number
}

/** Null where the record is in no list that this tab has shown. */
export function useNeighbours(entity: string, id: string): Neighbours | null {
  const [rows, setRows] = useState(() => recall(entity))
  const at = rows?.ids.indexOf(id) ?? -1
  const atStart = rows !== null && at === 0
  const atEnd = rows !== null && at >= 0 && at === rows.ids.length - 1
  const sizeBefore = atStart ? Math.min(rows.size, rows.from) : 0
  const end = rows ? rows.from + rows.ids.length : 0
  const before = useQuery(pageQuery(entity, rows, (rows?.from ?? 0) - sizeBefore, sizeBefore))
  const after = useQuery(pageQuery(entity, rows, end, atEnd && end < rows.total ? rows.size : 0))
  const found = before.data ? ('before' as const) : after.data ? ('after' as const) : null
  const ids = before.data ?? after.data
  useEffect(() => {
    if (!rows || !found || !ids || ids.every((other) => rows.ids.includes(other))) return
    const more = extended(rows, found, ids)
    rememberRows(entity, more)
    setRows(more)
  }, [entity, rows, found, ids])
  if (!rows || at < 0) return null
  return {
    previous: rows.ids[at - 1] ?? null,
    next: rows.ids[at + 1] ?? null,
    position: rows.from + at + 1,
    total: rows.total,
  }
}
