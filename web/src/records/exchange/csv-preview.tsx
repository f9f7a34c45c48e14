// The first rows of a file before anything is decided: a file of comma-separated values is looked at
// in a worker while the server reads it.

import { useEffect, useState } from 'react'
import type { CsvPreview } from './csv'
import { tx } from './texts'

export const PREVIEWED_ROWS = 5

/** Null until the worker has answered, and for files that are no text. */
export function useCsvPreview(file: File | null): CsvPreview | null {
  const [preview, setPreview] = useState<CsvPreview | null>(null)
  useEffect(() => {
    setPreview(null)
    if (!file || !/\.(csv|tsv|txt)$/i.test(file.name)) return
    const worker = new Worker(new URL('./csv-worker.ts', import.meta.url), { type: 'module' })
    worker.onmessage = (event: MessageEvent<CsvPreview>) => setPreview(event.data)
    worker.postMessage({ file, rows: PREVIEWED_ROWS + 1 })
    return () => worker.terminate()
  }, [file])
  return preview
}

interface Props {
  headings: readonly string[]
  rows: readonly (readonly string[])[]
  /** Rows below the headings. */
  total: number
}

export function FilePreview({ headings, rows, total }: Props) {
  const caption = tx('preview.caption', { n: total })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
    <section className="co-import-errors co-import-preview" tabIndex={0} aria-label={caption}>
      <table>
        <caption className="co-small co-muted">{caption}</caption>
        <thead>
          <tr>
            {headings.map((heading, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns have no identity but their place
              <th key={index} scope="col" dir="auto">
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, PREVIEWED_ROWS).map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of a fixed file
            <tr key={at}>
              {headings.map((_, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns have no identity but their place
                <td key={index} dir="auto">
                  {row[index] ?? ''}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
