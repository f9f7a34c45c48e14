// Dashboards from the API, checked where they enter.

import { queryOptions } from '@tanstack/react-query'
import { callRpc, readRows, readRpc, saveRow, type WireRow } from '~/lib/postgrest/client'
import { queryClient } from '~/lib/query-client'

export interface Widget {
  id: number
  widget_type: string
  title: string | null
  entity_key: string | null
  sort_order: number
  width: number
  height: number
  refresh_interval_seconds: number | null
  config: Readonly<Record<string, unknown>>
}

export interface Dashboard {
  id: number
  display_name: string
  description: string | null
  /** Seen by others than who made it. */
  isPublic: boolean
  widgets: Widget[]
}

const record = (value: unknown): WireRow => (typeof value === 'object' && value !== null ? (value as WireRow) : {})
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const number = <F>(value: unknown, fallback: F): number | F => (typeof value === 'number' ? value : fallback)
const list = (value: unknown): WireRow[] => (Array.isArray(value) ? value.map(record) : [])

/** Null for what is no dashboard. */
function readDashboard(answer: unknown): Dashboard | null {
  const row = record(answer)
  if (typeof row.id !== 'number') return null
  return {
    id: row.id,
    display_name: text(row.display_name) ?? String(row.id),
    description: text(row.description),
    isPublic: row.is_public !== false,
    widgets: list(row.widgets).flatMap((widget) =>
      typeof widget.id === 'number' && typeof widget.widget_type === 'string'
        ? [
            {
              id: widget.id,
              widget_type: widget.widget_type,
              title: text(widget.title),
              entity_key: text(widget.entity_key),
              sort_order: number(widget.sort_order, 0),
              width: number(widget.width, 1),
              height: number(widget.height, 1),
              refresh_interval_seconds: number(widget.refresh_interval_seconds, null),
              config: record(widget.config),
            },
          ]
        : [],
    ),
  }
}

export const dashboardQuery = (id: number | null) =>
  queryOptions({
    queryKey: ['dashboard', id],
    queryFn: async ({ signal }): Promise<Dashboard | null> => {
      const wanted = id ?? (await callRpc('get_user_default_dashboard', {}, signal))
      if (typeof wanted !== 'number') return null
      const answer = await callRpc('get_dashboard', { p_dashboard_id: wanted }, signal)
      return readDashboard(answer)
    },
    staleTime: 60_000,
  })

export const dashboardsQuery = queryOptions({
  queryKey: ['dashboards'],
  queryFn: async ({ signal }) =>
    (await readRpc('get_dashboards', {}, signal)).flatMap((row) => {
      const entry = readDashboard(row)
      return entry ? [entry] : []
    }),
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
