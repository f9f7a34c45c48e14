// Long pages: only the rows near the window are in the document. What stands in for the others is
// empty space of their height, measured where they have been seen and estimated where not.

import { defaultRangeExtractor, type Range, useVirtualizer, useWindowVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'

/** Shorter pages are drawn whole: finding in the page, printing and reading them need nothing special. */
export const WINDOWED_FROM = 200
/** Rows drawn beyond each edge, so that Tab and the wheel always find the next one. */
const OVERSCAN = 10

interface DrawnRow {
  index: number
  /** Height of the rows left out before this one, in pixels. */
  gap: number
}

interface RowWindow {
  drawn: readonly DrawnRow[]
  /** Height of the rows left out after the last one, in pixels. */
  tail: number
  /** For the `ref` of each row, which carries its `data-index`. */
  measure: ((row: HTMLElement | null) => void) | undefined
}

interface WindowOptions {
  count: number
  /** Rows that stay in the document wherever the window is: the one with focus, the one marked on the map. */
  keep: readonly number[]
  /** Expected height of a row and the space between two, in pixels. */
  height: number
  between?: number
}

const whole = (count: number): RowWindow => ({
  drawn: Array.from({ length: count }, (_, index) => ({ index, gap: 0 })),
  tail: 0,
  measure: undefined,
})

/** True while the page is being printed: paper gets all rows. */
function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false)
  useEffect(() => {
    const before = () => flushSync(() => setPrinting(true))
    const after = () => setPrinting(false)
    addEventListener('beforeprint', before)
    addEventListener('afterprint', after)
    return () => {
      removeEventListener('beforeprint', before)
      removeEventListener('afterprint', after)
    }
  }, [])
  return printing
}

interface Placed {
  index: number
  start: number
  end: number
}

/** Drawn rows with the space before each; `total` is the height of all rows. */
export function placeRows(items: readonly Placed[], total: number, between = 0): Pick<RowWindow, 'drawn' | 'tail'> {
  let at = 0
  const drawn = items.map(({ index, start, end }) => {
    const gap = Math.max(0, start - at)
    at = end + between
    return { index, gap }
  })
  return { drawn, tail: Math.max(0, total - (at - between)) }
}

function optionsOf({ count, keep, height, between = 0 }: WindowOptions) {
  return {
    count,
    estimateSize: () => height,
    gap: between,
    overscan: OVERSCAN,
    // What is drawn first, before the window has been measured.
    initialRect: { width: innerWidth, height: innerHeight },
    rangeExtractor: (range: Range) =>
      [...new Set([...defaultRangeExtractor(range), ...keep.filter((index) => index >= 0 && index < count)])].sort(
        (a, b) => a - b,
      ),
  }
}

/** Rows of a table that scrolls in its own box. */
export function useRowWindow(options: WindowOptions & { box: RefObject<HTMLElement | null> }): RowWindow {
  const printing = usePrinting()
  const enabled = options.count >= WINDOWED_FROM && !printing
  const rows = useVirtualizer({ ...optionsOf(options), enabled, getScrollElement: () => options.box.current })
  if (!enabled) return whole(options.count)
  return { ...placeRows(rows.getVirtualItems(), rows.getTotalSize()), measure: rows.measureElement }
}

/** Entries of a list that scrolls with the page. */
export function useListWindow(options: WindowOptions & { list: RefObject<HTMLElement | null> }): RowWindow {
  const printing = usePrinting()
  const enabled = options.count >= WINDOWED_FROM && !printing
  const [top, setTop] = useState(0)
  const { list } = options
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page may begin elsewhere
  useLayoutEffect(() => {
    if (enabled && list.current) setTop(list.current.getBoundingClientRect().top + scrollY)
  }, [enabled, options.count])
  const rows = useWindowVirtualizer({ ...optionsOf(options), enabled, scrollMargin: top })
  if (!enabled) return whole(options.count)
  const items = rows.getVirtualItems().map(({ index, start, end }) => ({ index, start: start - top, end: end - top }))
  return { ...placeRows(items, rows.getTotalSize(), options.between), measure: rows.measureElement }
}

/** The record of each list that had focus last: coming back finds it in the document again. */
const left = new Map<string, string>()

/** Where the row is that must stay in the document, and how to name another. */
export function useKeptRow(list: string, ids: readonly (string | null)[]): [number, (index: number) => void] {
  const [kept, setKept] = useState(() => left.get(list))
  const keep = (index: number) => {
    const id = ids[index]
    if (!id) return
    left.set(list, id)
    setKept(id)
  }
  return [kept === undefined ? -1 : ids.indexOf(kept), keep]
}

/**
 * Columns never become narrower while other rows come into the window, so that nothing jumps sideways.
 * Another width of the box starts anew.
 */
export function useSteadyColumns(table: RefObject<HTMLTableElement | null>, enabled: boolean, columns: string): void {
  const widest = useRef({ of: '', widths: [] as number[] })
  useLayoutEffect(() => {
    if (!enabled || !table.current) return
    const heads = [...table.current.querySelectorAll<HTMLElement>('thead th')]
    const of = `${table.current.parentElement?.clientWidth} ${columns}`
    if (widest.current.of !== of) {
      widest.current = { of, widths: [] }
      for (const head of heads) head.style.width = ''
    }
    const { widths } = widest.current
    const now = heads.map((head) => head.getBoundingClientRect().width)
    now.forEach((width, at) => {
      if (width <= (widths[at] ?? 0)) return
      widths[at] = width
      const head = heads[at]
      if (head) head.style.width = `${width}px`
    })
  })
}
