// One's own notifications, as the server keeps them.

import { queryOptions } from '@tanstack/react-query'
import { callRpc, readPage } from '~/lib/postgrest/client'
import { PostgrestError } from '~/lib/postgrest/errors'
import { queryClient } from '~/lib/query-client'

export const PAGE_SIZE = 50

/** An installation whose database has no inbox answers 404: null. */
async function orNull<T>(read: Promise<T>): Promise<T | null> {
  return read.catch((error: unknown) => {
    if (error instanceof PostgrestError && error.status === 404) return null
    throw error
  })
}

export const unreadQuery = queryOptions({
  queryKey: ['inbox', 'unread'],
  queryFn: ({ signal }) =>
    orNull(
      readPage(
        {
          table: 'my_notifications',
          select: ['id', 'subject'],
          conditions: [{ column: 'read_at', op: 'is', value: 'null' }],
          order: [{ by: 'id', dir: 'desc' }],
        },
        0,
        1,
        signal,
      ),
    ),
  refetchInterval: (query) => (query.state.data === null ? false : 120_000),
})

export const inboxQuery = (page: number) =>
  queryOptions({
    queryKey: ['inbox', 'page', page],
    queryFn: ({ signal }) =>
      orNull(
        readPage(
          {
            table: 'my_notifications',
            select: ['*'],
            order: [
              { by: 'created_at', dir: 'desc' },
              { by: 'id', dir: 'desc' },
            ],
          },
          (page - 1) * PAGE_SIZE,
          PAGE_SIZE,
          signal,
        ),
      ),
  })

/** Marks these, or all without an argument, as read. */
export async function markRead(ids: readonly number[] | null): Promise<void> {
  await callRpc('mark_notifications_read', { p_ids: ids })
  await queryClient.invalidateQueries({ queryKey: ['inbox'] })
}
