// Dashboards from the API, checked where they enter.

import { queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callRpc, readRows, saveRow } from '~/lib/postgrest/client'
import { queryClient } from '~/lib/query-client'

const text = z._default(z.nullable(z.string()), null)

const widget = z.object({
  id: z.number(),
  widget_type: z.string(),
  title: text,
  entity_key: text,
  sort_order: z._default(z.nullable(z.number()), 0),
  width: z._default(z.nullable(z.number()), 1),
  height: z._default(z.nullable(z.number()), 1),
  refresh_interval_seconds: z._default(z.nullable(z.number()), null),
  config: z._default(z.nullable(z.record(z.string(), z.unknown())), {}),
})
export type Widget = z.infer<typeof widget>

const dashboard = z.object({
  id: z.number(),
  display_name: z.string(),
  description: text,
  widgets: z._default(z.array(widget), []),
})
export type Dashboard = z.infer<typeof dashboard>

export const dashboardQuery = (id: number | null) =>
  queryOptions({
    queryKey: ['dashboard', id],
    queryFn: async ({ signal }): Promise<Dashboard | null> => {
      const wanted = id ?? (await callRpc('get_user_default_dashboard', {}, signal))
      if (typeof wanted !== 'number') return null
      const answer = await callRpc('get_dashboard', { p_dashboard_id: wanted }, signal)
      return answer === null ? null : z.parse(dashboard, answer)
    },
    staleTime: 60_000,
  })

const entry = z.object({ id: z.number(), display_name: z.string(), description: text })

export const dashboardsQuery = queryOptions({
  queryKey: ['dashboards'],
  queryFn: async ({ signal }) => z.parse(z.array(entry), await callRpc('get_dashboards', {}, signal)),
  staleTime: 300_000,
})

/** The dashboard that the person made their home page; null where that is the organisation's choice. */
export const ownHomeQuery = (person: string) =>
  queryOptions({
    queryKey: ['dashboards', 'own-home', person],
    queryFn: async ({ signal }): Promise<number | null> => {
      const [row] = await readRows(
        { table: 'user_dashboard_preferences', select: ['default_dashboard_id'] },
        signal,
        'metadata',
      )
      return typeof row?.default_dashboard_id === 'number' ? row.default_dashboard_id : null
    },
    staleTime: 300_000,
  })

export async function saveOwnHome(person: string, id: number | null): Promise<void> {
  await saveRow('user_dashboard_preferences', { user_id: person, default_dashboard_id: id }, 'metadata')
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: ownHomeQuery(person).queryKey }),
    queryClient.invalidateQueries({ queryKey: dashboardQuery(null).queryKey }),
  ])
}
