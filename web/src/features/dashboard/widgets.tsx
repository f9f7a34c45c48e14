// The widgets of a dashboard. Each loads, fails and retries alone; a new kind is one component and
// one line in `widgets`.

import { useQuery } from '@tanstack/react-query'
import { Link, useLocation } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import { Banner } from '~/components/banner'
import { buttonClass } from '~/components/button'
import { Loading } from '~/components/loading'
import { Markdown } from '~/components/markdown'
import { paths } from '~/config/paths'
import { showNumber } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import type { Entity, Property } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { readSelect, settleKeys } from '~/lib/metadata/select'
import { readPage } from '~/lib/postgrest/client'
import { describeProblem } from '~/lib/problem'
import { parseSearch, stringifySearch } from '~/lib/search'
import { PropertyValue } from '~/property-types/property-value'
import { kinds } from '~/property-types/registry'
import type { Widget } from './dashboard-data'
import { conditionsOf, listSearch, navigationOf, numberOf, textOf, textsOf } from './widget-config'

interface WidgetProps {
  widget: Widget
}

const refetchInterval = (widget: Widget): number | false =>
  widget.refresh_interval_seconds ? Math.max(5, widget.refresh_interval_seconds) * 1000 : false

function MarkdownWidget({ widget }: WidgetProps) {
  return <Markdown text={textOf(widget.config ?? {}, 'content') ?? ''} level={widget.title ? 3 : 2} />
}

/** The record type of a widget, if this person may read it. */
function useWidgetEntity(widget: Widget): Entity | undefined {
  const model = useModel()
  const entity = model.entity(widget.entity_key ?? textOf(widget.config ?? {}, 'entityKey') ?? '')
  return entity?.can.read ? entity : undefined
}

function Refused() {
  return <p className="co-muted">{t('widget.refused')}</p>
}

function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const problem = describeProblem(error, { attempt: 'read' })
  return (
    <Banner kind="error" facts={problem.facts} onRetry={onRetry}>
      {problem.text}
    </Banner>
  )
}

function FilteredList({ widget }: WidgetProps) {
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
  const read = { table: entity.key, select: readSelect(model, entity, columns), conditions, order: [order] }
  const query = useQuery({
    queryKey: ['rows', entity.key, 'widget', read, limit],
    queryFn: async ({ signal }) => {
      const page = await readPage(read, 0, limit, signal)
      return { ...page, rows: settleKeys(page.rows) }
    },
    refetchInterval: refetchInterval(widget),
  })
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />
  if (!query.data) return <Loading lines={4} />
  const { rows, total } = query.data
  if (rows.length === 0) return <p className="co-muted">{t('widget.empty')}</p>
  return (
    <div className="co-stack co-stack-tight">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard */}
      <section className="co-widget-scroll" tabIndex={0} aria-label={widget.title ?? entity.plural}>
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

function StatCard({ widget }: WidgetProps) {
  const entity = useWidgetEntity(widget)
  return entity ? <Count widget={widget} entity={entity} /> : <Refused />
}

function Count({ widget, entity }: WidgetProps & { entity: Entity }) {
  const conditions = conditionsOf(widget.config ?? {})
  const read = { table: entity.key, select: [entity.idColumn ?? entity.labelColumn ?? 'id'], conditions }
  const query = useQuery({
    queryKey: ['rows', entity.key, 'count', conditions],
    queryFn: async ({ signal }) => (await readPage(read, 0, 1, signal)).total,
    refetchInterval: refetchInterval(widget),
  })
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />
  return (
    <p>
      <Link to={paths.list(entity.key)} search={listSearch(conditions)} className="co-stat co-numbers">
        {query.data === undefined ? '…' : showNumber(query.data)}
      </Link>
      <span className="co-muted"> {textOf(widget.config ?? {}, 'label') ?? entity.plural}</span>
    </p>
  )
}

function Navigation({ widget }: WidgetProps) {
  const config = widget.config ?? {}
  const here = useLocation({ select: (location) => location.pathname + stringifySearch(location.search) })
  const back = navigationOf(config.backward)
  const forward = navigationOf(config.forward)
  const chips = Array.isArray(config.chips) ? config.chips.map(navigationOf).filter((chip) => chip !== null) : []
  const link = ({ url, text }: { url: string; text: string }, className: string) => {
    const [path = '/', search = ''] = url.split('?')
    return (
      <Link
        key={url}
        to={path}
        search={parseSearch(search)}
        className={className}
        activeProps={{}}
        aria-current={url === here ? 'page' : undefined}
      >
        {text}
      </Link>
    )
  }
  return (
    <nav className="co-spread" aria-label={widget.title ?? t('widget.navigation')}>
      <span>{back ? link(back, buttonClass()) : null}</span>
      <span className="co-row">{chips.map((chip) => link(chip, 'co-widget-chip'))}</span>
      <span>{forward ? link(forward, buttonClass()) : null}</span>
    </nav>
  )
}

export const widgets: Readonly<Record<string, ComponentType<WidgetProps>>> = {
  markdown: MarkdownWidget,
  filtered_list: FilteredList,
  stat_card: StatCard,
  dashboard_navigation: Navigation,
}
