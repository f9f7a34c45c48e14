// The menu: home and every record type this person may read.

import { Link, useLocation } from '@tanstack/react-router'
import { Icon, type IconName } from '~/components/icon'
import { paths } from '~/config/paths'
import { t } from '~/lib/i18n/t'
import { type Model, menuEntities } from '~/lib/metadata/model'

function NavLink({ to, active, icon, label }: { to: string; active: boolean; icon: IconName; label: string }) {
  return (
    <li>
      <Link to={to} className="co-nav-link" aria-current={active ? 'page' : undefined} activeProps={{}}>
        <Icon name={icon} />
        <span dir="auto">{label}</span>
      </Link>
    </li>
  )
}

export function Sidebar({ model }: { model: Model | undefined }) {
  const path = useLocation({ select: (location) => location.pathname })
  const [, section, key] = path.split('/')
  const current = section && ['view', 'create', 'edit'].includes(section) && key ? decodeURIComponent(key) : null
  const entities = model ? menuEntities(model) : []
  return (
    <nav aria-label={t('nav.main')} className="co-nav">
      <ul>
        <NavLink to={paths.home()} active={path === '/' || section === 'dashboard'} icon="home" label={t('nav.home')} />
      </ul>
      {entities.length > 0 ? (
        <>
          <h2 className="co-nav-heading" id="nav-data">
            {t('nav.data')}
          </h2>
          <ul aria-labelledby="nav-data">
            {entities.map((entity) => (
              <NavLink
                key={entity.key}
                to={paths.list(entity.key)}
                active={entity.key === current}
                icon="table"
                label={entity.plural}
              />
            ))}
          </ul>
        </>
      ) : null}
    </nav>
  )
}
