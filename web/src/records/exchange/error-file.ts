// The workbook of what was refused: the rows with their errors beside them, and a summary. Its first
// sheet can be corrected and imported again.

import type { Cell } from './cells'
import type { RowError } from './check'
import type { SheetFile } from './exchange'
import { tx } from './texts'

interface ErrorFile {
  headings: readonly Cell[]
  rows: readonly (readonly Cell[])[]
  errors: readonly RowError[]
  /** Only the rows with errors: the others were imported. */
  onlyWrong: boolean
}

/** Row 2 of a file is the first below its headings. */
const FIRST_ROW = 2

export function errorSheets({ headings, rows, errors, onlyWrong }: ErrorFile): SheetFile[] {
  const byRow = new Map<number, string[]>()
  const byColumn = new Map<string, number>()
  for (const { row, column, message } of errors) {
    byRow.set(row, [...(byRow.get(row) ?? []), `${column}: ${message}`])
    byColumn.set(column, (byColumn.get(column) ?? 0) + 1)
  }
  const width = headings.length
  const data = rows.flatMap((cells, index): Cell[][] => {
    const messages = byRow.get(index + FIRST_ROW)
    if (!messages && onlyWrong) return []
    return [[...Array.from({ length: width }, (_, at) => cells[at] ?? null), messages?.join('; ') ?? null]]
  })
  return [
    { name: tx('errors.data'), rows: [[...headings, tx('errors.column')], ...data], headings: 1 },
    {
      name: tx('errors.summary'),
      rows: [
        [tx('errors.what'), tx('errors.count')],
        [tx('errors.rows'), rows.length],
        [tx('errors.wrong'), byRow.size],
        ...[...byColumn].sort((a, b) => b[1] - a[1]).map(([column, n]): Cell[] => [tx('errors.in', { column }), n]),
      ],
      headings: 1,
    },
  ]
}
