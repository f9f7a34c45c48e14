// The first field of a record in a list: the link to it.

import { Link } from '@tanstack/react-router'
import { paths } from '~/config/paths'
import { t } from '~/lib/i18n/t'
import type { Entity, Property } from '~/lib/metadata/model'
import type { WireRow } from '~/lib/postgrest/client'
import { PropertyValue } from '~/property-types/property-value'

/** The record's key as text; null where the list has none. */
export const idOf = (entity: Entity, row: WireRow): string | null =>
  entity.idColumn && row[entity.idColumn] !== null && row[entity.idColumn] !== undefined
    ? String(row[entity.idColumn])
    : null

interface RecordLinkProps {
  entity: Entity
  row: WireRow
  property: Property
  terms: readonly string[]
}

export function RecordLink({ entity, row, property, terms }: RecordLinkProps) {
  const id = idOf(entity, row)
  const value = row[property.column]
  const empty = value === null || value === undefined || value === ''
  const content = empty ? (
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
