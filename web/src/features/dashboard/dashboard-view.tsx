// A dashboard: its widgets in a grid of two columns, one on small screens.

import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Suspense, useId } from 'react'
import { Loading } from '~/components/loading'
import { MenuButton } from '~/components/menu-button'
import { paths } from '~/config/paths'
import { t } from '~/lib/i18n/t'
import { type Dashboard, dashboardsQuery, type Widget } from './dashboard-data'
import { widgets } from './widgets'
import './dashboard.css'

function WidgetCard({ widget }: { widget: Widget }) {
  const headingId = useId()
  const Content = widgets[widget.widget_type]
  const wide = (widget.width ?? 1) >= 2
  const plain = widget.widget_type === 'dashboard_navigation'
  return (
    <section
      className={`co-widget ${wide ? 'co-widget-wide' : ''} ${plain ? '' : 'co-card'}`}
      aria-labelledby={widget.title ? headingId : undefined}
    >
      {widget.title ? (
        <h2 id={headingId} className="co-h3" dir="auto">
          {widget.title}
        </h2>
      ) : null}
      {Content ? (
        <Suspense fallback={<Loading lines={4} />}>
          <Content widget={widget} />
        </Suspense>
      ) : (
        <p className="co-muted">{t('widget.unknown')}</p>
      )}
    </section>
  )
}

export function DashboardGrid({ dashboard }: { dashboard: Dashboard }) {
  return (
    <div className="co-dashboard">
      {dashboard.widgets.map((widget) => (
        <WidgetCard key={widget.id} widget={widget} />
      ))}
    </div>
  )
}

/** Offers the other dashboards, if there are any. */
export function DashboardSelector({ current }: { current: number | null }) {
  const navigate = useNavigate()
  const query = useQuery(dashboardsQuery)
  if (!query.data || query.data.length < 2) return null
  const name = query.data.find((dashboard) => dashboard.id === current)?.display_name
  return (
    <MenuButton
      label={name ? t('dashboard.current', { name }) : t('dashboard.choose')}
      groups={[
        {
          items: query.data.map((dashboard) => ({
            key: String(dashboard.id),
            label: dashboard.display_name,
            checked: dashboard.id === current,
            onSelect: () => void navigate({ to: paths.dashboard(dashboard.id) }),
          })),
        },
      ]}
    />
  )
}
