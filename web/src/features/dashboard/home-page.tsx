// Home: the person's dashboard, or a welcome with one card per record type.

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Banner } from '~/components/banner'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { paths } from '~/config/paths'
import { runtimeConfig } from '~/config/runtime'
import { useSession } from '~/lib/auth/session'
import { t } from '~/lib/i18n/t'
import { menuEntities } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { PostgrestError } from '~/lib/postgrest/errors'
import { describeProblem } from '~/lib/problem'
import { type Dashboard, dashboardQuery } from './dashboard-data'
import { DashboardGrid, DashboardSelector, EditDashboard } from './dashboard-view'
import './home.css'

/** Only texts: the way to the records is still to be shown. */
const onlyTexts = (dashboard: Dashboard) => dashboard.widgets.every((widget) => widget.widget_type === 'markdown')

export function HomePage() {
  const query = useQuery(dashboardQuery(null))
  const welcome = t('home.welcome', { organisation: runtimeConfig.branding.name })
  const dashboard = query.data
  // An instance without dashboards answers 404; that is no failure.
  const absent = query.error instanceof PostgrestError && query.error.status === 404
  const problem = query.isError && !absent ? describeProblem(query.error, { attempt: 'read' }) : null
  return (
    <Page
      title={dashboard && !onlyTexts(dashboard) ? dashboard.display_name : welcome}
      windowTitle={t('home.title')}
      below={dashboard?.description ? <p className="co-muted">{dashboard.description}</p> : null}
      actions={
        dashboard ? (
          <>
            <DashboardSelector current={dashboard.id} />
            <EditDashboard id={dashboard.id} />
          </>
        ) : null
      }
    >
      {query.isPending ? <Loading lines={4} /> : null}
      {problem ? (
        <Banner kind="error" facts={problem.facts} onRetry={() => void query.refetch()}>
          {problem.text}
        </Banner>
      ) : null}
      {dashboard ? <DashboardGrid dashboard={dashboard} /> : null}
      {query.isPending || (dashboard && !onlyTexts(dashboard)) ? null : <EntityCards />}
    </Page>
  )
}

function EntityCards() {
  const session = useSession()
  const entities = menuEntities(useModel())
  if (entities.length === 0) {
    return <p>{t(session.state === 'signed-in' ? 'home.nothingSignedIn' : 'home.nothing')}</p>
  }
  return (
    <>
      <p className="co-muted">{t('home.choose')}</p>
      <ul className="co-home-cards">
        {entities.map((entity) => (
          <li key={entity.key} className="co-card co-home-card">
            <h2 className="co-h3">
              <Link to={paths.list(entity.key)} dir="auto">
                {entity.plural}
              </Link>
            </h2>
            {entity.help ? <p dir="auto">{entity.help}</p> : null}
            {entity.can.create ? (
              <Link to={paths.create(entity.key)} className="co-home-add">
                {t('list.add', { name: entity.name })}
              </Link>
            ) : null}
          </li>
        ))}
      </ul>
    </>
  )
}
