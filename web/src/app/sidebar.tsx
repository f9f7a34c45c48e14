// The menu: home and every record type this person may read.

import { Link, useLocation } from '@tanstack/react-router'
import { Icon, type IconName } from '~/components/icon'
import { paths } from '~/config/paths'
import { useSession } from '~/lib/auth/session'
import type { MessageKey } from '~/lib/i18n/messages-en'
import { t } from '~/lib/i18n/t'
import { type Model, menuEntities } from '~/lib/metadata/model'

interface ManageItem {
  to: string
  icon: IconName
  label: MessageKey
}

export const MANAGE: readonly { label: MessageKey; items: readonly ManageItem[] }[] = [
  {
    label: 'nav.shape',
    items: [
      { to: paths.entities(), icon: 'table', label: 'admin.entities' },
      { to: paths.fields(), icon: 'list', label: 'admin.fields' },
      { to: paths.rules(), icon: 'check', label: 'admin.rules' },
      { to: paths.messages(), icon: 'info', label: 'admin.messages' },
      { to: paths.statuses(), icon: 'flag', label: 'admin.statuses' },
      { to: paths.dashboards(), icon: 'columns', label: 'admin.dashboards' },
    ],
  },
  {
    label: 'nav.access',
    items: [
      { to: paths.users(), icon: 'person', label: 'admin.users' },
      { to: paths.roles(), icon: 'list', label: 'admin.roles' },
      { to: paths.permissions(), icon: 'lock', label: 'admin.permissions' },
    ],
  },
  {
    label: 'nav.operate',
    items: [
      { to: paths.templates(), icon: 'bell', label: 'admin.templates' },
      { to: paths.payments(), icon: 'card', label: 'admin.payments' },
      { to: paths.files(), icon: 'file', label: 'admin.files' },
      { to: paths.jobs(), icon: 'columns', label: 'admin.jobs' },
      { to: paths.health(), icon: 'pulse', label: 'admin.health' },
    ],
  },
]

/** The page itself or one below it. */
const isAt = (path: string, to: string) => path === to || path.startsWith(`${to}/`)

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
      <ul>
        <NavLink to={paths.diagram()} active={path === paths.diagram()} icon="link" label={t('nav.schema')} />
      </ul>
      {admin
        ? MANAGE.map((group) => (
            <details key={group.label} className="co-nav-group" open={group.items.some((item) => isAt(path, item.to))}>
              <summary className="co-nav-heading">{t(group.label)}</summary>
              <ul>
                {group.items.map((item) => (
                  <NavLink
                    key={item.to}
                    to={item.to}
                    active={isAt(path, item.to)}
                    icon={item.icon}
                    label={t(item.label)}
                  />
                ))}
              </ul>
            </details>
          ))
        : null}
    </nav>
  )
}
