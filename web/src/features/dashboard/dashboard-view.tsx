// A dashboard: its widgets in a grid of two columns, one on small screens.

import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Suspense, useCallback, useId, useState } from 'react'
import { Button, buttonClass } from '~/components/button'
import { Icon } from '~/components/icon'
import { Loading } from '~/components/loading'
import { MenuButton } from '~/components/menu-button'
import { paths } from '~/config/paths'
import { useSession } from '~/lib/auth/session'
import { flash } from '~/lib/flash'
import { personZone, showTimeOfDay } from '~/lib/format/dates'
import { t } from '~/lib/i18n/t'
import { describeProblem } from '~/lib/problem'
import { type Dashboard, dashboardsQuery, ownHomeQuery, saveOwnHome, type Widget } from './dashboard-data'
import { type Freshness, FreshnessContext } from './widget-parts'
import { widgets } from './widgets'
import './dashboard.css'

function WidgetCard({ widget }: { widget: Widget }) {
  const headingId = useId()
  const Content = widgets[widget.widget_type]
  const wide = (widget.width ?? 1) >= 2
  const plain = widget.widget_type === 'dashboard_navigation'
  const [freshness, setFreshness] = useState<Freshness | null>(null)
  const tell = useCallback((next: Freshness) => setFreshness(next), [])
  return (
    <section
      className={`co-widget ${wide ? 'co-widget-wide' : ''} ${plain ? '' : 'co-card'}`}
      aria-labelledby={widget.title ? headingId : undefined}
    >
      {widget.title || freshness ? (
        <div className="co-widget-head">
          {widget.title ? (
            <h2 id={headingId} className="co-h3" dir="auto">
              {widget.title}
            </h2>
          ) : (
            <span />
          )}
          {freshness ? <Fresh freshness={freshness} title={widget.title} /> : null}
        </div>
      ) : null}
      {Content ? (
        <FreshnessContext value={tell}>
          <Suspense fallback={<Loading lines={4} />}>
            <Content widget={widget} />
          </Suspense>
        </FreshnessContext>
      ) : (
        <p className="co-muted">{t('widget.unknown')}</p>
      )}
    </section>
  )
}

/** The time of what is shown, and asking again; both without disturbing who listens to the page. */
function Fresh({ freshness: { updatedAt, failed, refetch }, title }: { freshness: Freshness; title: string | null }) {
  const at = new Date(updatedAt)
  const time = showTimeOfDay(at, personZone())
  return (
    <span className="co-widget-fresh co-no-print">
      <time dateTime={at.toISOString()} className="co-muted co-small co-numbers">
        {t(failed ? 'widget.stale' : 'widget.updated', { time })}
      </time>
      <Button look="quiet" icon="refresh" iconOnly onClick={() => void refetch()}>
        {title ? t('widget.refreshOne', { title }) : t('widget.refresh')}
      </Button>
    </span>
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

/** Offers the other dashboards, if there are any, and which of them is the person's home page. */
export function DashboardSelector({ current }: { current: number | null }) {
  const navigate = useNavigate()
  const session = useSession()
  const person = session.state === 'signed-in' ? session.person.id : ''
  const query = useQuery(dashboardsQuery)
  const own = useQuery({ ...ownHomeQuery(person), enabled: person !== '' })
  if (!query.data || query.data.length < 2) return null
  const name = query.data.find((dashboard) => dashboard.id === current)?.display_name
  const choose = async (id: number | null) => {
    try {
      await saveOwnHome(person, id)
      flash({ kind: 'success', text: t('dashboard.homeSaved') }, 'here')
    } catch (error) {
      flash({ kind: 'warning', text: describeProblem(error, { attempt: 'update' }).text }, 'here')
    }
  }
  const isHome = own.data !== undefined && own.data === current
  return (
    <MenuButton
      label={name ? t('dashboard.current', { name }) : t('dashboard.choose')}
      groups={[
        {
          items: query.data.map((dashboard) => ({
            key: String(dashboard.id),
            label: dashboard.display_name,
            note: dashboard.description ?? undefined,
            tail: dashboard.isPublic ? undefined : t('dashboard.private'),
            checked: dashboard.id === current,
            onSelect: () => void navigate({ to: paths.dashboard(dashboard.id) }),
          })),
        },
        ...(own.data === undefined || current === null
          ? []
          : [
              {
                items: [
                  {
                    key: 'home',
                    label: t(isHome ? 'dashboard.standardHome' : 'dashboard.makeHome'),
                    icon: 'home' as const,
                    onSelect: () => void choose(isHome ? null : current),
                  },
                ],
              },
            ]),
      ]}
    />
  )
}

/** The way to the editor, for administrators; the server decides there. */
export function EditDashboard({ id }: { id: number }) {
  const session = useSession()
  if (session.state !== 'signed-in' || !session.person.roles.includes('admin')) return null
  return (
    <Link to={paths.dashboardEditor(id)} className={buttonClass('quiet')}>
      <Icon name="edit" />
      <span>{t('detail.edit')}</span>
    </Link>
  )
}
