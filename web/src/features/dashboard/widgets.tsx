// The widgets of a dashboard. Each loads, fails and retries alone; a new kind is one component and
// one line in `widgets`.

import { useQuery } from '@tanstack/react-query'
import { Link, useLocation } from '@tanstack/react-router'
import { type ComponentType, lazy } from 'react'
import { buttonClass } from '~/components/button'
import { Markdown } from '~/components/markdown'
import { paths } from '~/config/paths'
import { showNumber } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import type { Entity } from '~/lib/metadata/model'
import { readPage } from '~/lib/postgrest/client'
import { parseSearch, stringifySearch } from '~/lib/search'
import { conditionsOf, listSearch, navigationOf, textOf } from './widget-config'
import { Failed, Refused, refetchInterval, useFreshness, useWidgetEntity, type WidgetProps } from './widget-parts'

function MarkdownWidget({ widget }: WidgetProps) {
  return <Markdown text={textOf(widget.config ?? {}, 'content') ?? ''} level={widget.title ? 3 : 2} />
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
  useFreshness(query)
  if (query.isError && query.data === undefined)
    return <Failed error={query.error} onRetry={() => void query.refetch()} />
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
  filtered_list: lazy(() => import('./record-list-widget')),
  calendar: lazy(() => import('./calendar-widget')),
  map: lazy(() => import('./map-widget')),
  stat_card: StatCard,
  chart: lazy(() => import('./chart-widget')),
  buttons: lazy(() => import('./buttons-widget')),
  dashboard_navigation: Navigation,
}
