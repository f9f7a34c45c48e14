// Reading everything that matches, and translating files with the server.

import type { Entity, Model, Property } from '~/lib/metadata/model'
import { labelColumnOf, readSelect, settleKeys } from '~/lib/metadata/select'
import { askForFile, sendFile } from '~/lib/postgrest/bulk'
import { readRows } from '~/lib/postgrest/client'
import { readPages } from '~/lib/postgrest/pages'
import type { Condition, Order, Read } from '~/lib/postgrest/query'
import { eq } from '~/lib/postgrest/query'
import { type Cell, cellOf, columnsOf, isChosen, type Lookup, makeLookup } from './cells'

export const EXPORT_LIMIT = 100_000
const PAGE = 5000

export interface SheetFile {
  name: string
  rows: readonly (readonly Cell[])[]
  headings?: number
}

/** A workbook, written by the server while it reads: what it needs to know of the rows stands before them. */
export const writeWorkbook = (sheets: readonly SheetFile[], signal?: AbortSignal): Promise<Blob> =>
  askForFile(
    '/spreadsheets/write',
    sheets.map(({ name, headings, rows }) => ({ name, headings, rows })),
    signal,
  )

/** Comma-separated text that spreadsheet programs open; what could be taken for a formula is quoted as text. */
export function toCsv(rows: readonly (readonly Cell[])[]): string {
  const cell = (value: Cell): string => {
    if (value === null) return ''
    const raw = typeof value === 'object' ? value.moment.replace('T', ' ') : String(value)
    const text = typeof value === 'string' && /^[=+\-@\t]/.test(raw) && Number.isNaN(Number(raw)) ? `'${raw}` : raw
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return `\ufeff${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
}

export function saveAs(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

export interface Matching {
  search: string
  conditions: readonly Condition[]
  order: readonly Order[]
}

/** All matching records as rows of cells, with a row of headings first. */
export async function readAll(
  model: Model,
  entity: Entity,
  matching: Matching,
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void,
): Promise<Cell[][]> {
  const properties = model.properties(entity.key).filter((property) => property.column !== 'civic_os_text_search')
  const columns = columnsOf(properties)
  const order = entity.idColumn && !matching.order.some(({ by }) => by === entity.idColumn)
  const read: Read = {
    table: entity.key,
    select: readSelect(model, entity, properties),
    search: matching.search || undefined,
    conditions: matching.conditions,
    order: [...matching.order, ...(order ? [{ by: entity.idColumn ?? 'id', dir: 'asc' as const }] : [])],
  }
  const rows: Cell[][] = [columns.map((column) => column.header)]
  for await (const page of readPages(read, entity.idColumn, PAGE, signal)) {
    for (const row of settleKeys(page.rows)) {
      rows.push(columns.map((column) => cellOf(column, row[column.property.column])))
    }
    onProgress(rows.length - 1, page.total ?? rows.length - 1)
  }
  return rows
}

/** The rows of a file, read by the server. */
export async function readFile(file: File, signal?: AbortSignal): Promise<Cell[][]> {
  const answer = (await sendFile('/spreadsheets/read', file, signal)) as { rows?: unknown }
  return Array.isArray(answer.rows) ? (answer.rows as Cell[][]) : []
}

/** What references may point at, by column. */
export async function readLookups(
  model: Model,
  properties: readonly Property[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Lookup>> {
  const lookups = new Map<string, Lookup>()
  const read = async (property: Property): Promise<[string, Lookup]> => {
    const user = property.type === 'User'
    const status = property.type === 'Status'
    const table = status ? 'statuses' : user ? 'civic_os_users' : (property.link?.target ?? property.ref?.table ?? '')
    const id = status || user ? 'id' : (property.ref?.column ?? 'id')
    const label = status || user ? 'display_name' : (labelColumnOf(model, table) ?? id)
    const rows = await readRows(
      {
        table,
        select: [`key:${id}`, `name0:${label}`, ...(user ? ['name1:full_name'] : [])],
        conditions: status && property.statusType ? [eq('entity_type', property.statusType)] : [],
        order: [...new Set([status ? 'sort_order' : label, id])].map((by) => ({ by, dir: 'asc' })),
      },
      signal,
    )
    const named = rows.map((row) => ({
      id: String(row.key),
      names: [row.name0, row.name1].filter((name) => typeof name === 'string').map(String),
    }))
    return [property.column, makeLookup(named)]
  }
  for (const [column, lookup] of await Promise.all(properties.filter(isChosen).map(read))) lookups.set(column, lookup)
  return lookups
}
