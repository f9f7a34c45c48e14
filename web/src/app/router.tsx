// All routes. Each page is a chunk of its own, fetched when its link is hovered, focused or followed.

import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { patterns } from '~/config/paths'
import { parseSearch, stringifySearch } from '~/lib/search'
import { Shell } from './shell'
import { CrashPage, NotFoundPage } from './state-pages'

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage })

/** A route whose page is fetched when it is needed. */
const page = <N extends string>(path: string, load: () => Promise<Readonly<Record<N, () => ReactNode>>>, name: N) =>
  createRoute({ getParentRoute: () => rootRoute, path, component: lazyRouteComponent(load, name) })

const routes = [
  page(patterns.home, () => import('~/features/dashboard/home-page'), 'HomePage'),
  page(patterns.dashboard, () => import('~/features/dashboard/dashboard-page'), 'DashboardPage'),
  page(patterns.dashboards, () => import('~/features/dashboard/editor-page'), 'DashboardsPage'),
  page(patterns.dashboardEditor, () => import('~/features/dashboard/editor-page'), 'DashboardEditorPage'),
  page(patterns.profile, () => import('~/features/profile/profile-page'), 'ProfilePage'),
  page(patterns.list, () => import('~/features/entity-list/list-page'), 'ListPage'),
  page(patterns.detail, () => import('~/features/entity-detail/detail-page'), 'DetailPage'),
  page(patterns.create, () => import('~/features/entity-form/form-page'), 'CreatePage'),
  page(patterns.edit, () => import('~/features/entity-form/form-page'), 'EditPage'),
  page(patterns.permissions, () => import('~/features/admin/permissions-page'), 'PermissionsPage'),
  page(patterns.entities, () => import('~/features/admin/entities-page'), 'EntitiesPage'),
  page(patterns.fields, () => import('~/features/admin/fields-page'), 'FieldsPage'),
  page(patterns.rules, () => import('~/features/admin/rules-page'), 'RulesPage'),
  page(patterns.messages, () => import('~/features/admin/messages-page'), 'ConstraintMessagesPage'),
  page(patterns.roles, () => import('~/features/admin/roles-page'), 'RolesPage'),
  page(patterns.statuses, () => import('~/features/admin/statuses-page'), 'StatusesPage'),
  page(patterns.payments, () => import('~/features/payments/payments-page'), 'PaymentsPage'),
  page(patterns.paymentReturn, () => import('~/features/payments/return-page'), 'PaymentReturnPage'),
  page(patterns.inbox, () => import('~/features/notifications/inbox-page'), 'InboxPage'),
  page(patterns.templates, () => import('~/features/notifications/templates-page'), 'TemplatesPage'),
  page(patterns.diagram, () => import('~/features/schema-diagram/diagram-page'), 'DiagramPage'),
  page(patterns.users, () => import('~/features/users/users-page'), 'UsersPage'),
  page(patterns.files, () => import('~/features/admin/files-page'), 'FilesPage'),
  page(patterns.jobs, () => import('~/features/admin/jobs-page'), 'JobsPage'),
  page(patterns.health, () => import('~/features/admin/health-page'), 'HealthPage'),
]

export function createAppRouter() {
  return createRouter({
    routeTree: rootRoute.addChildren(routes),
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultErrorComponent: CrashPage,
    scrollRestoration: true,
  })
}
