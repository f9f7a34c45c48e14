// The rows of a list: a real table on wide screens, a list of cards on phones. The first field is
// the link; a click anywhere on the row follows it.

import { Link, useNavigate } from '@tanstack/react-router'
import type { KeyboardEvent, MouseEvent, ReactNode } from 'react'
import { useRef } from 'react'
import { Icon } from '~/components/icon'
import { paths } from '~/config/paths'
import { t } from '~/lib/i18n/t'
import type { Entity, Property } from '~/lib/metadata/model'
import type { WireRow } from '~/lib/postgrest/client'
import { PropertyValue } from '~/property-types/property-value'
import { kinds } from '~/property-types/registry'
import type { ListState } from './list-state'
import { tx } from './texts'

interface RowsProps {
  entity: Entity
  columns: readonly Property[]
  rows: readonly WireRow[]
  terms: readonly string[]
  /** The record marked on the map, and how to mark another. */
  active?: string | null
  onActive?: (id: string | null) => void
}

const idOf = (entity: Entity, row: WireRow): string | null =>
  entity.idColumn && row[entity.idColumn] !== null && row[entity.idColumn] !== undefined
    ? String(row[entity.idColumn])
    : null

function RecordLink({
  entity,
  row,
  property,
  terms,
}: {
  entity: Entity
  row: WireRow
  property: Property
  terms: readonly string[]
}) {
  const id = idOf(entity, row)
  const value = row[property.column]
  const empty = value === null || value === undefined || value === ''
  const content: ReactNode = empty ? (
    t('value.unknownRecord', { id: id ?? '' })
  ) : (
    <PropertyValue property={property} value={value} place="cell" terms={terms} />
  )
  return id ? (
    <Link to={paths.detail(entity.key, id)} className="co-row-link">
      {content}
    </Link>
  ) : (
    content
  )
}

const ariaSort = (sort: ListState['sort'], column: string) =>
  sort?.column === column ? (sort.dir === 'asc' ? 'ascending' : 'descending') : undefined

export interface Selection {
  ids: ReadonlySet<string>
  onChange: (ids: ReadonlySet<string>) => void
}

interface TableProps extends RowsProps {
  /** Absent where nothing can be done with several records. */
  selection?: Selection
  /** The list's own keys beyond moving and selecting. */
  onKey?: (key: string) => void
  caption: string
  compact: boolean
  sort: ListState['sort']
  onSort: (column: string) => void
}

export function EntityTable({
  entity,
  columns,
  rows,
  terms,
  caption,
  compact,
  sort,
  onSort,
  active,
  onActive,
  selection,
  onKey,
}: TableProps) {
  const navigate = useNavigate()
  const lastToggled = useRef<string | null>(null)
  const ids = rows.map((row) => idOf(entity, row))
  const nameOf = (row: WireRow) => String((entity.labelColumn && row[entity.labelColumn]) || idOf(entity, row))

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
    const links = [...event.currentTarget.querySelectorAll<HTMLElement>('tbody .co-row-link')]
    const row = target.closest('tr')
    const at = row ? links.findIndex((link) => row.contains(link)) : -1
    const key = event.key.toLowerCase()
    if (key === 'j' || key === 'k') {
      const next = links[Math.max(0, Math.min(links.length - 1, at + (key === 'j' ? 1 : -1)))]
      next?.focus()
      next?.scrollIntoView({ block: 'nearest' })
    } else if (key === 'x' && selection && at >= 0) {
      const id = ids[at]
      if (id) toggle(id, event.shiftKey)
    } else if ((key === 'f' || key === '/') && onKey) onKey(key)
    else return
    event.preventDefault()
  }
  const open = (event: MouseEvent, id: string | null) => {
    const target = event.target as HTMLElement
    if (!id || target.closest('a, button, input, label') || getSelection()?.toString()) return
    if (event.metaKey || event.ctrlKey) window.open(paths.detail(entity.key, id), '_blank', 'noopener')
    else void navigate({ to: paths.detail(entity.key, id) })
  }
  return (
    <section
      className="co-table-box"
      aria-label={entity.plural}
      aria-keyshortcuts={selection ? 'j k x f' : 'j k f'}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <table className={compact ? 'co-table co-compact' : 'co-table'}>
        <caption className="co-hidden">{caption}</caption>
        <thead>
          <tr>
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
              return (
                <th key={property.column} scope="col" aria-sort={direction} className={alignEnd} title={property.help}>
                  {property.sortable ? (
                    <button type="button" className="co-sort" onClick={() => onSort(property.column)}>
                      <span>{property.label}</span>
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
                    property.label
                  )}
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => {
            const id = idOf(entity, row)
            return (
              <tr
                key={id ?? index}
                id={id ? `row-${id}` : undefined}
                onClick={(event) => open(event, id)}
                onMouseEnter={onActive ? () => onActive(id) : undefined}
                onFocus={onActive ? () => onActive(id) : undefined}
                className={`${id ? 'co-clickable' : ''} ${id && (id === active || selection?.ids.has(id)) ? 'co-row-active' : ''}`}
              >
                {selection ? (
                  <td className="co-select">
                    {id ? (
                      <input
                        type="checkbox"
                        className="co-check"
                        aria-label={tx('bulk.select', { name: nameOf(row) })}
                        checked={selection.ids.has(id)}
                        onClick={(event) => toggle(id, event.shiftKey)}
                        onChange={() => undefined}
                      />
                    ) : null}
                  </td>
                ) : null}
                {columns.map((property, position) => (
                  <td key={property.column} className={kinds[property.type].alignEnd ? 'co-end' : undefined}>
                    {position === 0 ? (
                      <RecordLink entity={entity} row={row} property={property} terms={terms} />
                    ) : (
                      <PropertyValue property={property} value={row[property.column]} place="cell" terms={terms} />
                    )}
                  </td>
                ))}
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}

/** Title, status and up to three more fields of each record. */
export function EntityCards({ entity, columns, rows, terms }: RowsProps) {
  const [title, ...others] = columns
  if (!title) return null
  const status = others.find((property) => property.type === 'Status')
  const rest = others.filter((property) => property !== status).slice(0, 3)
  const filled = (row: WireRow, property: Property) =>
    row[property.column] !== null && row[property.column] !== undefined && row[property.column] !== ''
  return (
    <ul className="co-cards">
      {rows.map((row, index) => (
        <li key={idOf(entity, row) ?? index} className="co-card co-record-card">
          <RecordLink entity={entity} row={row} property={title} terms={terms} />
          {status && filled(row, status) ? (
            <PropertyValue property={status} value={row[status.column]} place="card" />
          ) : null}
          <dl className="co-card-fields">
            {rest
              .filter((property) => filled(row, property))
              .map((property) => (
                <div key={property.column}>
                  <dt>{property.label}</dt>
                  <dd>
                    <PropertyValue property={property} value={row[property.column]} place="cell" terms={terms} />
                  </dd>
                </div>
              ))}
          </dl>
        </li>
      ))}
    </ul>
  )
}
