// Checks the rows of a file against a record type. Pure apart from pausing for the page.

import type { Property } from '~/lib/metadata/model'
import type { WireRow } from '~/lib/postgrest/client'
import { isRequired } from '~/property-types/validate'
import { type Cell, type Cells, columnsOf, type Lookup, readCells } from './cells'
import { tx } from './texts'

export interface Mapped {
  property: Property
  /** Columns of the file, by what they hold; undefined when there is none. */
  at: Partial<Record<'value' | 'name' | 'start' | 'end', number>>
}

/** Which columns of the file hold which field: by heading, ignoring case and blanks. */
export function mapColumns(headings: readonly Cell[], properties: readonly Property[]): Mapped[] {
  const clean = (text: unknown) =>
    String(text ?? '')
      .trim()
      .toLocaleLowerCase()
  const places = new Map(headings.map((heading, index) => [clean(heading), index]))
  return properties.map((property): Mapped => {
    const at: Mapped['at'] = {}
    for (const column of columnsOf([property])) {
      const place = places.get(clean(column.header))
      if (place !== undefined) at[column.part] = place
    }
    const technical = places.get(clean(property.column))
    if (Object.keys(at).length === 0 && technical !== undefined) at.value = technical
    return { property, at }
  })
}

export interface RowError {
  /** Number of the row as a spreadsheet counts, headings included. */
  row: number
  column: string
  message: string
}

export interface Checked {
  ready: { row: number; values: WireRow }[]
  errors: RowError[]
}

export interface CheckOptions {
  lookups: ReadonlyMap<string, Lookup>
  dayFirst: boolean
  /** Field that finds existing records; null when records are added. */
  key: string | null
}

/** Checks one row; blank cells are left out, so that defaults apply. */
export function checkRow(
  cells: readonly Cell[],
  row: number,
  mapped: readonly Mapped[],
  { lookups, dayFirst, key }: CheckOptions,
): { values: WireRow; errors: RowError[] } {
  const values: WireRow = {}
  const errors: RowError[] = []
  for (const { property, at } of mapped) {
    const cell = (part: keyof Mapped['at']): Cell => {
      const place = at[part]
      return place === undefined ? null : (cells[place] ?? null)
    }
    const read: Cells = { value: cell('value'), name: cell('name'), start: cell('start'), end: cell('end') }
    const result = readCells(property, read, lookups.get(property.column), dayFirst)
    const fail = (message: string) => errors.push({ row, column: property.label, message })
    if (result === 'blank') {
      if (property.column === key) fail(tx('error.noKey'))
      else if (key === null && isRequired(property, 'create')) fail(tx('error.required', { label: property.label }))
      else if (key !== null && property.link) values[property.column] = []
      else if (key !== null && property.nullable) values[property.column] = null
    } else if ('error' in result) fail(result.error)
    else values[property.column] = result.value
  }
  return { values, errors }
}

const SLICE_MS = 30

/** Checks all rows in slices, so that the page stays usable. */
export async function checkRows(
  rows: readonly (readonly Cell[])[],
  firstRow: number,
  mapped: readonly Mapped[],
  options: CheckOptions,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<Checked> {
  const result: Checked = { ready: [], errors: [] }
  let began = performance.now()
  for (const [index, cells] of rows.entries()) {
    if (performance.now() - began > SLICE_MS) {
      onProgress(index)
      await new Promise((resolve) => setTimeout(resolve))
      signal.throwIfAborted()
      began = performance.now()
    }
    // Empty rows are no rows.
    if (cells.every((cell) => cell === null || cell === '')) continue
    const { values, errors } = checkRow(cells, firstRow + index, mapped, options)
    if (errors.length > 0) result.errors.push(...errors)
    else result.ready.push({ row: firstRow + index, values })
  }
  onProgress(rows.length)
  return result
}
