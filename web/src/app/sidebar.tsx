// The menu: home and every record type this person may read.

import { Link, useLocation } from '@tanstack/react-router'
import { Icon, type IconName } from '~/components/icon'
import { paths } from '~/config/paths'
import { useSession } from '~/lib/auth/session'
import type { MessageKey } from '~/lib/i18n/messages-en'
import { t } from '~/lib/i18n/t'
import { type Model, menuEntities } from '~/lib/metadata/model'

const MANAGE: readonly { to: string; icon: IconName; label: MessageKey }[] = [
  { to: paths.entities(), icon: 'table', label: 'admin.entities' },
  { to: paths.fields(), icon: 'list', label: 'admin.fields' },
  { to: paths.permissions(), icon: 'lock', label: 'admin.permissions' },
]

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
  const session = useSession()
  // Only what the menu offers; the server decides on each page.
  const admin = session.state === 'signed-in' && session.person.roles.includes('admin')
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
      {admin ? (
        <>
          <h2 className="co-nav-heading" id="nav-manage">
            {t('nav.manage')}
          </h2>
          <ul aria-labelledby="nav-manage">
            {MANAGE.map((item) => (
              <NavLink key={item.to} to={item.to} active={path === item.to} icon={item.icon} label={t(item.label)} />
            ))}
          </ul>
        </>
      ) : null}
    </nav>
  )
}
