// The widget that lists records.

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Loading } from '~/components/loading'
import { paths } from '~/config/paths'
import { t } from '~/lib/i18n/t'
import type { Entity, Property } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { readSelect, settleKeys } from '~/lib/metadata/select'
import { readPage } from '~/lib/postgrest/client'
import { PropertyValue } from '~/property-types/property-value'
import { kinds } from '~/property-types/registry'
import { conditionsOf, listSearch, numberOf, textOf, textsOf } from './widget-config'
import { Failed, Refused, refetchInterval, useFreshness, useWidgetEntity, type WidgetProps } from './widget-parts'

export default function RecordListWidget({ widget }: WidgetProps) {
  const entity = useWidgetEntity(widget)
  return entity ? <RecordList widget={widget} entity={entity} /> : <Refused />
}

function RecordList({ widget, entity }: WidgetProps & { entity: Entity }) {
  const model = useModel()
  const config = widget.config ?? {}
  const conditions = conditionsOf(config)
  const limit = Math.min(100, Math.max(1, numberOf(config, 'limit', 10)))
  const shown = (textsOf(config, 'showColumns') ?? [entity.labelColumn ?? 'id']).filter((column) => column !== 'id')
  const columns = shown
    .map((column) => model.property(entity.key, column))
    .filter((property): property is Property => property !== undefined)
  const order = {
    by: textOf(config, 'orderBy') ?? entity.idColumn ?? columns[0]?.column ?? 'id',
    dir: textOf(config, 'orderDirection') === 'asc' ? ('asc' as const) : ('desc' as const),
  }
  const id = entity.idColumn
  const read = {
    table: entity.key,
    select: readSelect(model, entity, columns),
    conditions,
    order: [order, ...(id && id !== order.by ? [{ by: id, dir: order.dir }] : [])],
  }
  const query = useQuery({
    queryKey: ['rows', entity.key, 'widget', read, limit],
    queryFn: async ({ signal }) => {
      const page = await readPage(read, 0, limit, signal)
      return { ...page, rows: settleKeys(page.rows) }
    },
    refetchInterval: refetchInterval(widget),
  })
  useFreshness(query)
  if (query.isError && !query.data) return <Failed error={query.error} onRetry={() => void query.refetch()} />
  if (!query.data) return <Loading lines={4} />
  const { rows, total } = query.data
  if (rows.length === 0) return <p className="co-muted">{t('widget.empty')}</p>
  return (
    <div className="co-stack co-stack-tight">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard */}
      <section className="co-widget-scroll" tabIndex={0}>
        <table className="co-widget-table">
          <thead>
            <tr>
              {columns.map((property) => (
                <th key={property.column} scope="col" className={kinds[property.type].alignEnd ? 'co-end' : undefined}>
                  {property.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => {
              const id = entity.idColumn ? row[entity.idColumn] : undefined
              return (
                <tr key={id === undefined ? index : String(id)}>
                  {columns.map((property, position) => {
                    const value = <PropertyValue property={property} value={row[property.column]} place="cell" />
                    return (
                      <td key={property.column} className={kinds[property.type].alignEnd ? 'co-end' : undefined}>
                        {position === 0 && id !== undefined ? (
                          <Link to={paths.detail(entity.key, String(id))}>{value}</Link>
                        ) : (
                          value
                        )}
                      </td>
                    )
                  })}
                </tr>
              )
            })}
          </tbody>
        </table>
      </section>
      <p className="co-spread co-small">
        <span className="co-muted">{t('widget.shown', { n: rows.length, total: total ?? rows.length })}</span>
        <Link to={paths.list(entity.key)} search={listSearch(conditions)}>
          {t('widget.seeAll')}
        </Link>
      </p>
    </div>
  )
}
