// The bell: how many notifications are unread, told as they come.

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { Icon } from '~/components/icon'
import { paths } from '~/config/paths'
import { announce } from '~/lib/announce'
import { onServerEvent } from '~/lib/events'
import { queryClient } from '~/lib/query-client'
import { unreadQuery } from './inbox-data'
import { tx } from './texts'

export default function Bell() {
  const query = useQuery(unreadQuery)
  const unread = query.data?.total ?? 0
  const newest = query.data?.rows[0]
  const known = useRef<unknown>(undefined)
  useEffect(
    () =>
      onServerEvent((event) => {
        if (event.name === 'notification') void queryClient.invalidateQueries({ queryKey: ['inbox'] })
      }),
    [],
  )
  useEffect(() => {
    if (!query.data) return
    if (known.current !== undefined && newest && newest.id !== known.current) {
      announce(tx('inbox.new', { subject: String(newest.subject) }))
    }
    known.current = newest?.id ?? null
  }, [query.data, newest])
  if (!query.data) return null
  return (
    <Link
      to={paths.inbox()}
      className="co-button co-button-quiet co-button-icon"
      aria-label={tx('bell.label', { n: unread })}
    >
      <Icon name="bell" />
      {unread > 0 ? (
        <span className="co-numbers" aria-hidden="true">
          {unread > 99 ? '99+' : unread}
        </span>
      ) : null}
    </Link>
  )
}
