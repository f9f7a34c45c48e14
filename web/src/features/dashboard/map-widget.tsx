// The widget that shows records on a map.

import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '~/components/button'
import { Loading } from '~/components/loading'
import { MapPanel } from '~/components/map-panel'
import type { MapPoint } from '~/components/map-view'
import { paths } from '~/config/paths'
import { readPoint } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import type { Entity, Property } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { readPage } from '~/lib/postgrest/client'
import { aliased } from '~/lib/postgrest/query'
import { tx } from './texts'
import { conditionsOf, listSearch, numberOf, textOf } from './widget-config'
import { Failed, Refused, refetchInterval, useFreshness, useWidgetEntity, type WidgetProps } from './widget-parts'

export default function MapWidget({ widget }: WidgetProps) {
  const model = useModel()
  const entity = useWidgetEntity(widget)
  const property = entity && model.property(entity.key, textOf(widget.config ?? {}, 'mapPropertyName') ?? '')
  if (!entity) return <Refused />
  if (!property) return <p className="co-muted">{t('widget.unknown')}</p>
  return <RecordMap widget={widget} entity={entity} property={property} />
}

function RecordMap({ widget, entity, property }: WidgetProps & { entity: Entity; property: Property }) {
  const navigate = useNavigate()
  const [asList, setAsList] = useState(false)
  const config = widget.config ?? {}
  const conditions = conditionsOf(config)
  const limit = Math.min(2000, Math.max(1, numberOf(config, 'maxMarkers', 500)))
  const id = entity.idColumn ?? 'id'
  const read = {
    table: entity.key,
    select: [
      ...new Set([id, ...(entity.labelColumn ? [aliased('display_name', entity.labelColumn)] : [])]),
      `place:${property.column}_text`,
    ],
    conditions,
    order: [{ by: id, dir: 'desc' as const }],
  }
  const query = useQuery({
    queryKey: ['rows', entity.key, 'map', read, limit],
    queryFn: ({ signal }) => readPage(read, 0, limit, signal),
    refetchInterval: refetchInterval(widget),
  })
  useFreshness(query)
  if (query.isError && !query.data) return <Failed error={query.error} onRetry={() => void query.refetch()} />
  if (!query.data) return <Loading lines={6} />
  const points = query.data.rows.flatMap((row): MapPoint[] => {
    const point = typeof row.place === 'string' ? readPoint(row.place) : null
    return point
      ? [{ ...point, id: String(row[id]), name: String(row.display_name ?? `${entity.name} ${row[id]}`) }]
      : []
  })
  const { rows, total } = query.data
  return (
    <div className="co-stack co-stack-tight">
      {points.length === 0 ? (
        <p className="co-muted">{t('widget.empty')}</p>
      ) : asList ? (
        <ul className="co-map-list">
          {points.map((point) => (
            <li key={point.id}>
              <Link to={paths.detail(entity.key, point.id)} dir="auto">
                {point.name}
              </Link>
            </li>
          ))}
        </ul>
      ) : (
        <MapPanel
          points={points}
          summary={t('map.widget', { n: points.length })}
          onSelect={(key) => void navigate({ to: paths.detail(entity.key, key) })}
          height={320}
        />
      )}
      <p className="co-spread co-small">
        <span className="co-muted">{t('widget.shown', { n: rows.length, total: total ?? rows.length })}</span>
        {points.length > 0 ? (
          <Button look="quiet" onClick={() => setAsList(!asList)}>
            {tx(asList ? 'map.asMap' : 'map.asList')}
          </Button>
        ) : null}
        <Link to={paths.list(entity.key)} search={listSearch(conditions)}>
          {t('widget.seeAll')}
        </Link>
      </p>
    </div>
  )
}
