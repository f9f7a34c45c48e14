// All routes. Each page is a chunk of its own, fetched when its link is hovered, focused or followed.

import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { patterns } from '~/config/paths'
import { parseSearch, stringifySearch } from '~/lib/search'
import { Shell } from './shell'
import { CrashPage, NotFoundPage } from './state-pages'

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage })

const routes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: patterns.home,
    component: lazyRouteComponent(() => import('~/features/dashboard/home-page'), 'HomePage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: patterns.dashboard,
    component: lazyRouteComponent(() => import('~/features/dashboard/dashboard-page'), 'DashboardPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: patterns.profile,
    component: lazyRouteComponent(() => import('~/features/profile/profile-page'), 'ProfilePage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: patterns.permissions,
    component: lazyRouteComponent(() => import('~/features/admin/permissions-page'), 'PermissionsPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: patterns.entities,
    component: lazyRouteComponent(() => import('~/features/admin/entities-page'), 'EntitiesPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: patterns.fields,
    component: lazyRouteComponent(() => import('~/features/admin/fields-page'), 'FieldsPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: patterns.list,
    component: lazyRouteComponent(() => import('~/features/entity-list/list-page'), 'ListPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: patterns.detail,
    component: lazyRouteComponent(() => import('~/features/entity-detail/detail-page'), 'DetailPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: patterns.create,
    component: lazyRouteComponent(() => import('~/features/entity-form/form-page'), 'CreatePage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: patterns.edit,
    component: lazyRouteComponent(() => import('~/features/entity-form/form-page'), 'EditPage'),
  }),
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
