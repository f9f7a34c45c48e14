// Every address of the client. Names are those of the original client, so bookmarks survive.

const part = encodeURIComponent

export const paths = {
  home: () => '/',
  dashboard: (id: number | string) => `/dashboard/${part(String(id))}`,
  list: (entity: string, search = '') => `/view/${part(entity)}${search}`,
  detail: (entity: string, id: string) => `/view/${part(entity)}/${part(id)}`,
  create: (entity: string) => `/create/${part(entity)}`,
  edit: (entity: string, id: string) => `/edit/${part(entity)}/${part(id)}`,
  profile: () => '/profile',
  permissions: () => '/permissions',
  entities: () => '/entity-management',
  fields: () => '/property-management',
} as const

/** Patterns of the router; `$x` is a parameter. */
export const patterns = {
  home: '/',
  dashboard: '/dashboard/$id',
  list: '/view/$entityKey',
  detail: '/view/$entityKey/$entityId',
  create: '/create/$entityKey',
  edit: '/edit/$entityKey/$entityId',
  profile: '/profile',
  permissions: '/permissions',
  entities: '/entity-management',
  fields: '/property-management',
} as const
