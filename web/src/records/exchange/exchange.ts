// Reading everything that matches, translating files with the server, sending rows.

import type { Entity, Model, Property } from '~/lib/metadata/model'
import { labelColumnOf, readSelect, settleKeys } from '~/lib/metadata/select'
import { askForFile, insertMany, readPage, readRows, sendFile, updateRows, type WireRow } from '~/lib/postgrest/client'
import type { Condition, Order, Read } from '~/lib/postgrest/query'
import { eq } from '~/lib/postgrest/query'
import { type Cell, cellOf, columnsOf, isReference, type Lookup, makeLookup } from './cells'
import { tx } from './texts'

export const EXPORT_LIMIT = 100_000
const PAGE = 2000

export interface SheetFile {
  name: string
  rows: readonly (readonly Cell[])[]
  headings?: number
}

/** A workbook, written by the server. */
export const writeWorkbook = (sheets: readonly SheetFile[], signal?: AbortSignal): Promise<Blob> =>
  askForFile('/spreadsheets/write', sheets, signal)

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
  for (let from = 0; ; from += PAGE) {
    const page = await readPage(read, from, PAGE, signal)
    for (const row of settleKeys(page.rows)) {
      rows.push(columns.map((column) => cellOf(column, row[column.property.column])))
    }
    const total = page.total ?? rows.length - 1
    onProgress(rows.length - 1, total)
    if (page.rows.length < PAGE || rows.length - 1 >= total) return rows
  }
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
    const table = status ? 'statuses' : user ? 'civic_os_users' : (property.ref?.table ?? '')
    const id = status || user ? 'id' : (property.ref?.column ?? 'id')
    const label = status || user ? 'display_name' : (labelColumnOf(model, table) ?? id)
    const rows = await readRows(
      {
        table,
        select: [`key:${id}`, `name0:${label}`, ...(user ? ['name1:full_name'] : [])],
        conditions: status && property.statusType ? [eq('entity_type', property.statusType)] : [],
      },
      signal,
    )
    const named = rows.map((row) => ({
      id: String(row.key),
      names: [row.name0, row.name1].filter((name) => typeof name === 'string').map(String),
    }))
    return [property.column, makeLookup(named)]
  }
  for (const [column, lookup] of await Promise.all(properties.filter(isReference).map(read)))
    lookups.set(column, lookup)
  return lookups
}

/** A workbook to fill in: headings, and a sheet with the choices of each reference. */
export async function makeTemplate(model: Model, properties: readonly Property[], signal: AbortSignal): Promise<Blob> {
  const headers = columnsOf(properties)
    .filter((column) => column.part !== 'name')
    .map((column) => column.header)
  const sheets: SheetFile[] = [{ name: tx('template.data'), rows: [headers], headings: 1 }]
  const lookups = await readLookups(model, properties, signal)
  for (const property of properties.filter(isReference)) {
    const lookup = lookups.get(property.column)
    const rows = [...(lookup?.byName ?? [])].flatMap(([name, ids]) => ids.map((id): Cell[] => [id, name]))
    sheets.push({
      name: tx('template.options', { label: property.label }),
      rows: [[tx('template.id'), tx('template.name')], ...rows],
      headings: 1,
    })
  }
  return writeWorkbook(sheets, signal)
}

export interface Refused {
  /** Place in the list that was sent. */
  at: number
  error: unknown
}

const PORTION = 500

/** All rows or none, in one request. */
export async function insertAll(
  entity: Entity,
  rows: readonly WireRow[],
  columns: readonly string[],
  signal: AbortSignal,
): Promise<Refused[]> {
  await insertMany(entity.key, rows, columns, signal)
  return []
}

/** As many rows as the database takes; the others come back with the reason. */
export async function insertSome(
  entity: Entity,
  rows: readonly WireRow[],
  columns: readonly string[],
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<Refused[]> {
  const refused: Refused[] = []
  for (let from = 0; from < rows.length; from += PORTION) {
    signal.throwIfAborted()
    const portion = rows.slice(from, from + PORTION)
    try {
      await insertMany(entity.key, portion, columns, signal)
    } catch {
      // One of them is wrong: each alone, to know which.
      for (const [index, row] of portion.entries()) {
        signal.throwIfAborted()
        await insertMany(entity.key, [row], columns, signal).catch((error: unknown) => {
          signal.throwIfAborted()
          refused.push({ at: from + index, error })
        })
      }
    }
    onProgress(Math.min(rows.length, from + PORTION))
  }
  return refused
}

/** Changes one record per row, found by the key's value. */
export async function updateEach(
  entity: Entity,
  rows: readonly WireRow[],
  key: string,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<Refused[]> {
  const refused: Refused[] = []
  for (const [at, { [key]: value, ...values }] of rows.entries()) {
    signal.throwIfAborted()
    await updateRows(entity.key, [eq(key, String(value))], values).catch((error: unknown) =>
      refused.push({ at, error }),
    )
    if (at % 20 === 0) onProgress(at)
  }
  onProgress(rows.length)
  return refused
}
