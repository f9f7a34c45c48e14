// The first rows of comma-separated text, for a look before the server reads the file. Pure; tests beside it.

export interface CsvPreview {
  /** Headings first. */
  rows: string[][]
  /** Rows of the whole text, headings included; empty lines at the end do not count. */
  total: number
}

/** The separator that the first line has most of; of equal counts the comma. */
function separatorOf(text: string): string {
  const end = text.search(/[\r\n]/)
  const head = end < 0 ? text : text.slice(0, end)
  let best = ','
  for (const candidate of [',', ';', '\t']) {
    if (head.split(candidate).length > head.split(best).length) best = candidate
  }
  return best
}

/** Reads `wanted` rows and counts the others. */
export function previewCsv(text: string, wanted: number): CsvPreview {
  const source = text.startsWith('\ufeff') ? text.slice(1) : text
  const separator = separatorOf(source)
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let quoted = false
  let total = 0
  const endCell = () => {
    if (total < wanted) row.push(cell)
    cell = ''
  }
  const endRow = () => {
    const empty = cell === '' && row.length === 0
    endCell()
    if (!empty) {
      if (total < wanted) rows.push(row)
      total += 1
    }
    row = []
  }
  let started = false
  for (let at = 0; at < source.length; at++) {
    const char = source[at]
    if (quoted) {
      if (char !== '"') cell += char
      else if (source[at + 1] === '"') {
        cell += '"'
        at += 1
      } else quoted = false
    } else if (char === '"' && cell === '') quoted = true
    else if (char === separator) endCell()
    else if (char === '\n' || char === '\r') {
      if (char === '\r' && source[at + 1] === '\n') at += 1
      endRow()
      started = false
      continue
    } else cell += char
    started = true
  }
  if (started) endRow()
  return { rows, total }
}
