// The rows of a list: a real table on wide screens, a list of cards on phones. The first field is
// the link; a click anywhere on the row follows it.

import { Link, useNavigate } from '@tanstack/react-router'
import type { MouseEvent, ReactNode } from 'react'
import { Icon } from '~/components/icon'
import { paths } from '~/config/paths'
import { t } from '~/lib/i18n/t'
import type { Entity, Property } from '~/lib/metadata/model'
import type { WireRow } from '~/lib/postgrest/client'
import { PropertyValue } from '~/property-types/property-value'
import { kinds } from '~/property-types/registry'
import type { ListState } from './list-state'

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

interface TableProps extends RowsProps {
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
}: TableProps) {
  const navigate = useNavigate()
  const open = (event: MouseEvent, id: string | null) => {
    const target = event.target as HTMLElement
    if (!id || target.closest('a, button, input, label') || getSelection()?.toString()) return
    if (event.metaKey || event.ctrlKey) window.open(paths.detail(entity.key, id), '_blank', 'noopener')
    else void navigate({ to: paths.detail(entity.key, id) })
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
    <section className="co-table-box" aria-label={entity.plural} tabIndex={0}>
      <table className={compact ? 'co-table co-compact' : 'co-table'}>
        <caption className="co-hidden">{caption}</caption>
        <thead>
          <tr>
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
                className={`${id ? 'co-clickable' : ''} ${id && id === active ? 'co-row-active' : ''}`}
              >
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
