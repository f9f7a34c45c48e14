// Tells when other people changed what a page shows, without moving it: the same page is asked
// for quietly after a change of the table, and compared.

import { useEffect, useRef, useState } from 'react'
import { onServerEvent } from '~/lib/events'
import type { WireRow } from '~/lib/postgrest/client'

/** Several changes shortly after one another are one. */
const PAUSE_MS = 700

/** How many rows of a page are new, gone or different. */
export function changedRows(before: readonly WireRow[], now: readonly WireRow[], idColumn: string): number {
  const texts = (rows: readonly WireRow[]) => new Map(rows.map((row) => [String(row[idColumn]), JSON.stringify(row)]))
  const [old, fresh] = [texts(before), texts(now)]
  let changed = 0
  for (const [id, text] of fresh) if (old.get(id) !== text) changed++
  for (const id of old.keys()) if (!fresh.has(id)) changed++
  return changed
}

/** Number of rows that differ from what is shown; 0 when nothing is known to have changed. */
export function useChangedElsewhere(
  table: string,
  idColumn: string | null,
  shown: readonly WireRow[] | undefined,
  peek: () => Promise<readonly WireRow[]>,
): number {
  const [changed, setChanged] = useState(0)
  const latest = useRef({ shown, peek })
  latest.current = { shown, peek }
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page is the signal
  useEffect(() => setChanged(0), [shown])
  useEffect(() => {
    if (!idColumn) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = onServerEvent((event) => {
      const concerns = event.name === 'reset' || (event.name === 'change' && event.data.table === table)
      if (!concerns) return
      clearTimeout(timer)
      timer = setTimeout(async () => {
        const now = await latest.current.peek().catch(() => null)
        if (now && latest.current.shown) setChanged(changedRows(latest.current.shown, now, idColumn))
      }, PAUSE_MS)
    }, table)
    return () => {
      clearTimeout(timer)
      stop()
    }
  }, [table, idColumn])
  return changed
}
