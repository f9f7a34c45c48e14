// The rows of a list as a real table. The first field is the link; a click anywhere on the row follows it.

import { useNavigate } from '@tanstack/react-router'
import type { FocusEvent, KeyboardEvent, MouseEvent, PointerEvent } from 'react'
import { Fragment, memo, useLayoutEffect, useRef } from 'react'
import { flushSync } from 'react-dom'
import { Icon } from '~/components/icon'
import { paths } from '~/config/paths'
import type { Entity, Property } from '~/lib/metadata/model'
import type { WireRow } from '~/lib/postgrest/client'
import { PropertyValue } from '~/property-types/property-value'
import { kinds } from '~/property-types/registry'
import type { ListState } from './list-state'
import { idOf, RecordLink } from './record-link'
import { useKeptRow, useRowWindow, useSteadyColumns } from './row-window'
import { tx } from './texts'

const ariaSort = (sort: ListState['sort'], column: string) =>
  sort?.column === column ? (sort.dir === 'asc' ? 'ascending' : 'descending') : undefined

/** Expected height of a row in pixels, comfortable and compact. */
const ROW_PX = 45
const COMPACT_PX = 33

interface Selection {
  ids: ReadonlySet<string>
  onChange: (ids: ReadonlySet<string>) => void
}

interface TableProps {
  entity: Entity
  columns: readonly Property[]
  rows: readonly WireRow[]
  terms: readonly string[]
  /** The record marked on the map, and how to mark another. */
  active: string | null
  onActive: ((id: string | null) => void) | undefined
  /** Absent where nothing can be done with several records. */
  selection: Selection | undefined
  /** The list's own keys beyond moving and selecting. */
  onKey: (key: string) => void
  caption: string
  compact: boolean
  /** Columns that a filter narrows. */
  filtered: ReadonlySet<string>
  sort: ListState['sort']
  onSort: (column: string) => void
  /** Number of the first row in the whole list, from 1, and how many the list has. */
  first: number
  total: number | undefined
  /** Changes when other rows are shown, so that they are shown from their beginning; undefined while they are awaited. */
  page: string | undefined
}

interface RowProps {
  entity: Entity
  columns: readonly Property[]
  row: WireRow
  terms: readonly string[]
  index: number
  /** Place in the whole list, where not all of it is in the document. */
  position: number | undefined
  /** Undefined where nothing can be selected. */
  selected: boolean | undefined
  marked: boolean
  measure: ((row: HTMLElement | null) => void) | undefined
}

const nothing = () => undefined

/** Clicks, focus and keys are the table's: a row is drawn again only when it is another. */
const Row = memo(function Row({ entity, columns, row, terms, index, position, selected, marked, measure }: RowProps) {
  const id = idOf(entity, row)
  const name = String((entity.labelColumn && row[entity.labelColumn]) || id)
  return (
    <tr
      ref={measure}
      id={id ? `row-${id}` : undefined}
      data-index={index}
      aria-rowindex={position}
      className={`${id ? 'co-clickable' : ''} ${id && (marked || selected) ? 'co-row-active' : ''}`}
    >
      {selected === undefined ? null : (
        <td className="co-select">
          {id ? (
            <input
              type="checkbox"
              className="co-check"
              aria-label={tx('bulk.select', { name })}
              checked={selected}
              onChange={nothing}
            />
          ) : null}
        </td>
      )}
      {columns.map((property, place) => (
        <td key={property.column} className={kinds[property.type].alignEnd ? 'co-end' : undefined}>
          {place === 0 ? (
            <RecordLink entity={entity} row={row} property={property} terms={terms} />
          ) : (
            <PropertyValue property={property} value={row[property.column]} place="cell" terms={terms} />
          )}
        </td>
      ))}
    </tr>
  )
})

/**
 * Stands for rows that are not drawn. Another height is another element: Chromium 156 keeps the old height of a row
 * whose height changes in the same moment as a row before it goes.
 */
function Space({ height, columns }: { height: number; columns: number }) {
  return height > 0 ? (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it can take focus
    <tr key={height} aria-hidden="true" className="co-space" style={{ height }}>
      <td colSpan={columns} />
    </tr>
  ) : null
}

const indexOf = (target: EventTarget): number =>
  Number((target as HTMLElement).closest<HTMLElement>('tbody tr')?.dataset.index ?? -1)

export function EntityTable({
  entity,
  columns,
  rows,
  terms,
  caption,
  compact,
  filtered,
  sort,
  onSort,
  active,
  onActive,
  selection,
  onKey,
  first,
  total,
  page,
}: TableProps) {
  const navigate = useNavigate()
  const box = useRef<HTMLElement>(null)
  const table = useRef<HTMLTableElement>(null)
  const lastToggled = useRef<string | null>(null)
  const ids = rows.map((row) => idOf(entity, row))
  const [kept, keep] = useKeptRow(entity.key, ids)
  const { drawn, tail, measure } = useRowWindow({
    count: rows.length,
    keep: [kept, ids.indexOf(active)],
    height: compact ? COMPACT_PX : ROW_PX,
    box,
  })
  useSteadyColumns(table, measure !== undefined, columns.map(({ column }) => column).join(' '))
  const shown = useRef(page)
  useLayoutEffect(() => {
    if (page === undefined || page === shown.current) return
    if (shown.current !== undefined) box.current?.scrollTo({ top: 0 })
    shown.current = page
  }, [page])
  const spanned = columns.length + (selection ? 1 : 0)

  /** With Shift everything between the last box and this one follows it. */
  const toggle = (id: string, range: boolean) => {
    if (!selection) return
    const on = !selection.ids.has(id)
    const next = new Set(selection.ids)
    const [from, to] = [ids.indexOf(lastToggled.current), ids.indexOf(id)].sort((a, b) => a - b) as [number, number]
    const span = range && from >= 0 ? ids.slice(from, to + 1) : [id]
    for (const key of span) if (key) on ? next.add(key) : next.delete(key)
    lastToggled.current = id
    selection.onChange(next)
  }

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const target = event.target as HTMLElement
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      target.closest('input:not([type=checkbox]), select, textarea')
    )
      return
    const at = indexOf(target)
    const key = event.key.toLowerCase()
    if (key === 'j' || key === 'k') {
      goTo(Math.max(0, Math.min(rows.length - 1, at + (key === 'j' ? 1 : -1))))
    } else if (key === 'x' && selection && at >= 0) {
      const id = ids[at]
      if (id) toggle(id, event.shiftKey)
    } else if (key === 'f' || key === '/') onKey(key)
    else return
    event.preventDefault()
  }
  /** Focus on the link of a row, wherever it is on the page. */
  const goTo = (index: number) => {
    if (measure) flushSync(() => keep(index))
    const link = box.current?.querySelector<HTMLElement>(`tr[data-index="${index}"] .co-row-link`)
    link?.focus()
    link?.scrollIntoView({ block: 'nearest' })
  }
  const onClick = (event: MouseEvent) => {
    const target = event.target as HTMLElement
    const id = ids[indexOf(target)]
    if (!id) return
    if (target.closest('input[type=checkbox]')) toggle(id, event.shiftKey)
    if (target.closest('a, button, input, label') || getSelection()?.toString()) return
    keep(ids.indexOf(id))
    if (event.metaKey || event.ctrlKey) window.open(paths.detail(entity.key, id), '_blank', 'noopener')
    else void navigate({ to: paths.detail(entity.key, id) })
  }
  const onFocus = (event: FocusEvent) => {
    const index = indexOf(event.target)
    if (index < 0) return
    keep(index)
    onActive?.(ids[index] ?? null)
  }
  const onPointerOver = (event: PointerEvent) => {
    const id = ids[indexOf(event.target)]
    if (id && id !== active) onActive?.(id)
  }
  return (
    <section
      ref={box}
      className={measure ? 'co-table-box co-table-scroll' : 'co-table-box'}
      aria-label={entity.plural}
      aria-keyshortcuts={selection ? 'j k x f' : 'j k f'}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
      tabIndex={0}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onFocus={onFocus}
      onPointerOver={onActive ? onPointerOver : undefined}
    >
      <table
        ref={table}
        className={compact ? 'co-table co-compact' : 'co-table'}
        aria-rowcount={measure && total !== undefined ? total + 1 : undefined}
      >
        <caption className="co-hidden">{caption}</caption>
        <thead>
          <tr aria-rowindex={measure ? 1 : undefined}>
            {selection ? (
              <th scope="col" className="co-select">
                <input
                  type="checkbox"
                  className="co-check"
                  aria-label={tx('bulk.selectPage')}
                  checked={rows.length > 0 && ids.every((id) => id === null || selection.ids.has(id))}
                  ref={(box) => {
                    if (!box) return
                    const some = ids.filter((id) => id !== null && selection.ids.has(id)).length
                    box.indeterminate = some > 0 && some < rows.length
                  }}
                  onChange={(event) => {
                    const next = new Set(selection.ids)
                    for (const id of ids) if (id) event.target.checked ? next.add(id) : next.delete(id)
                    selection.onChange(next)
                  }}
                />
              </th>
            ) : null}
            {columns.map((property) => {
              const direction = ariaSort(sort, property.column)
              const alignEnd = kinds[property.type].alignEnd ? 'co-end' : undefined
              const mark = filtered.has(property.column) ? (
                <>
                  <Icon name="filter" size={16} />
                  <span className="co-hidden"> ({tx('filter.on')})</span>
                </>
              ) : null
              return (
                <th key={property.column} scope="col" aria-sort={direction} className={alignEnd} title={property.help}>
                  {property.sortable ? (
                    <button type="button" className="co-sort" onClick={() => onSort(property.column)}>
                      <span>{property.label}</span>
                      {mark}
                      <Icon
                        size={16}
                        name={
                          direction === 'ascending'
                            ? 'sortAscending'
                            : direction === 'descending'
                              ? 'sortDescending'
                              : 'sortNone'
                        }
                      />
                    </button>
                  ) : (
                    <>
                      {property.label} {mark}
                    </>
                  )}
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>
          {drawn.map(({ index, gap }) => {
            const row = rows[index]
            if (!row) return null
            const id = ids[index] ?? null
            return (
              <Fragment key={id ?? index}>
                <Space height={gap} columns={spanned} />
                <Row
                  entity={entity}
                  columns={columns}
                  row={row}
                  terms={terms}
                  index={index}
                  position={measure ? first + index + 1 : undefined}
                  selected={selection ? id !== null && selection.ids.has(id) : undefined}
                  marked={id !== null && id === active}
                  measure={measure}
                />
              </Fragment>
            )
          })}
          <Space height={tail} columns={spanned} />
        </tbody>
      </table>
    </section>
  )
}
