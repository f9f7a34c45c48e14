// The records of the current page on a map beside the list.

import { MapPanel } from '~/components/map-panel'
import type { MapPoint } from '~/components/map-view'
import { readPoint } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import type { Entity, Property } from '~/lib/metadata/model'
import type { WireRow } from '~/lib/postgrest/client'

interface ListMapProps {
  entity: Entity
  property: Property
  rows: readonly WireRow[]
  active: string | null
  onSelect: (id: string) => void
}

export function ListMap({ entity, property, rows, active, onSelect }: ListMapProps) {
  const points = rows.flatMap((row): MapPoint[] => {
    const wire = row[property.column]
    const point = typeof wire === 'string' ? readPoint(wire) : null
    const id = entity.idColumn ? row[entity.idColumn] : null
    if (!point || id === null || id === undefined) return []
    const label = entity.labelColumn ? row[entity.labelColumn] : null
    return [{ ...point, id: String(id), name: label ? String(label) : `${entity.name} ${id}` }]
  })
  return (
    <aside className="co-list-map co-no-print" aria-label={t('map.records', { n: points.length })}>
      <MapPanel
        points={points}
        summary={t('map.records', { n: points.length })}
        active={active}
        onSelect={onSelect}
        height={600}
      />
    </aside>
  )
}
