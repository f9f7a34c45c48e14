// One dashboard by its number.

import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Banner } from '~/components/banner'
import { buttonClass } from '~/components/button'
import { Loading } from '~/components/loading'
import { Page, StatePage } from '~/components/page'
import { paths } from '~/config/paths'
import { t } from '~/lib/i18n/t'
import { describeProblem } from '~/lib/problem'
import { dashboardQuery } from './dashboard-data'
import { DashboardGrid, DashboardSelector, EditDashboard } from './dashboard-view'

export function DashboardPage() {
  const { id = '' } = useParams({ strict: false }) as { id?: string }
  const number = /^\d{1,9}$/.test(id) ? Number(id) : null
  const query = useQuery({ ...dashboardQuery(number), enabled: number !== null })
  if (number === null || query.data === null) {
    return (
      <StatePage
        title={t('dashboard.missing')}
        actions={
          <Link to={paths.home()} className={buttonClass('primary')}>
            {t('app.goHome')}
          </Link>
        }
      >
        <p>{t('recordMissing.text')}</p>
      </StatePage>
    )
  }
  const problem = query.isError ? describeProblem(query.error, { attempt: 'read' }) : null
  return (
    <Page
      title={query.data?.display_name ?? t('dashboard.title')}
      below={query.data?.description ? <p className="co-muted">{query.data.description}</p> : null}
      actions={
        <>
          <DashboardSelector current={number} />
          {query.data ? <EditDashboard id={number} /> : null}
        </>
      }
    >
      {problem ? (
        <Banner kind="error" urgent facts={problem.facts} onRetry={() => void query.refetch()}>
          {problem.text}
        </Banner>
      ) : query.data ? (
        <DashboardGrid dashboard={query.data} />
      ) : (
        <Loading />
      )}
    </Page>
  )
}
