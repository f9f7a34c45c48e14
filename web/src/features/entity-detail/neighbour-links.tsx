// The way to the records beside this one in the list that led here: links, and Alt with the arrow keys.
// They take the place of this page in the history, so that "back" is the list.

import { Link, useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { buttonClass } from '~/components/button'
import { Icon } from '~/components/icon'
import { paths } from '~/config/paths'
import { isFree } from '~/lib/letter-keys'
import type { Entity } from '~/lib/metadata/model'
import type { Neighbours } from '~/records/neighbours'
import { tx } from './texts'

export function NeighbourLinks({ entity, neighbours }: { entity: Entity; neighbours: Neighbours }) {
  const navigate = useNavigate()
  const { previous, next, position, total } = neighbours
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !isFree(event)) return
      const to = event.key === 'ArrowUp' ? previous : event.key === 'ArrowDown' ? next : null
      if (!to) return
      event.preventDefault()
      void navigate({ to: paths.detail(entity.key, to), replace: true })
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [entity.key, previous, next, navigate])
  const step = (to: string | null, label: string, icon: 'chevronLeft' | 'chevronRight', keys: string) =>
    to ? (
      <Link
        to={paths.detail(entity.key, to)}
        replace
        className={buttonClass('quiet', 'co-button-icon')}
        aria-label={label}
        aria-keyshortcuts={keys}
        title={label}
      >
        <Icon name={icon} />
      </Link>
    ) : (
      <span className="co-near-none" />
    )
  return (
    <nav className="co-near" aria-label={tx('near.nav')}>
      <span className="co-muted co-small co-numbers">{tx('near.position', { n: position, total })}</span>
      {step(previous, tx('near.previous'), 'chevronLeft', 'Alt+ArrowUp')}
      {step(next, tx('near.next'), 'chevronRight', 'Alt+ArrowDown')}
    </nav>
  )
}
