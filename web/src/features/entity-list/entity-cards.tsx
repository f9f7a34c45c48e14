// The records of a list on phones: title, status and up to three more fields of each.

import { memo, useRef } from 'react'
import type { Entity, Property } from '~/lib/metadata/model'
import type { WireRow } from '~/lib/postgrest/client'
import { PropertyValue } from '~/property-types/property-value'
import { idOf, RecordLink } from './record-link'
import { useKeptRow, useListWindow } from './row-window'

interface CardsProps {
  entity: Entity
  columns: readonly Property[]
  rows: readonly WireRow[]
  terms: readonly string[]
}

/** Expected height of a card and the space between two (`--co-space-3`), in pixels. */
const CARD_PX = 150
const BETWEEN_PX = 12

const filled = (row: WireRow, property: Property) =>
  row[property.column] !== null && row[property.column] !== undefined && row[property.column] !== ''

interface CardProps {
  entity: Entity
  row: WireRow
  title: Property
  others: readonly Property[]
  terms: readonly string[]
}

const Card = memo(function Card({ entity, row, title, others, terms }: CardProps) {
  const status = others.find((property) => property.type === 'Status')
  const rest = others.filter((property) => property !== status).slice(0, 3)
  return (
    <>
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
    </>
  )
})

export function EntityCards({ entity, columns, rows, terms }: CardsProps) {
  const list = useRef<HTMLUListElement>(null)
  const ids = rows.map((row) => idOf(entity, row))
  const [kept, keep] = useKeptRow(entity.key, ids)
  const { drawn, tail, measure } = useListWindow({
    count: rows.length,
    keep: [kept],
    height: CARD_PX,
    between: BETWEEN_PX,
    list,
  })
  const [title, ...others] = columns
  if (!title) return null
  return (
    <ul className="co-cards" ref={list} style={tail > 0 ? { paddingBlockEnd: tail } : undefined}>
      {drawn.map(({ index, gap }) => {
        const row = rows[index]
        return row ? (
          <li
            key={ids[index] ?? index}
            ref={measure}
            data-index={index}
            className="co-card co-record-card"
            aria-setsize={measure ? rows.length : undefined}
            aria-posinset={measure ? index + 1 : undefined}
            style={gap > 0 ? { marginBlockStart: gap } : undefined}
            onFocus={() => keep(index)}
          >
            <Card entity={entity} row={row} title={title} others={others} terms={terms} />
          </li>
        ) : null
      })}
    </ul>
  )
}
