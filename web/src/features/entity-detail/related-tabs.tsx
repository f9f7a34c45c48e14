// Many related lists: one at a time, behind tabs that tell how many records each has. Which one is open is in the address;
// paper gets all of them.

import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type KeyboardEvent, useId, useRef } from 'react'
import { showNumber } from '~/lib/format/numbers'
import type { InverseRelation } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import type { WireRow } from '~/lib/postgrest/client'
import { RelatedRecords, relatedQuery, relatedTitle } from './related-records'
import { besideTab } from './tab-keys'
import { tx } from './texts'

/** So many related lists stand below each other; more are behind tabs. */
const MOST_IN_SIGHT = 3

const keyOf = ({ source, via }: InverseRelation) => `${source.key}.${via.column}`

interface RelatedListsProps {
  relations: readonly InverseRelation[]
  record: WireRow
  id: string
}

export function RelatedLists(props: RelatedListsProps) {
  const { relations, record, id } = props
  if (relations.length > MOST_IN_SIGHT) return <RelatedTabs {...props} />
  return (
    <div className="co-related">
      {relations.map((relation) => (
        <RelatedRecords key={keyOf(relation)} relation={relation} record={record} id={id} />
      ))}
    </div>
  )
}

function RelatedTabs({ relations, record, id }: RelatedListsProps) {
  const navigate = useNavigate()
  const search = useSearch({ strict: false }) as Readonly<Record<string, string>>
  const tabs = useRef<HTMLDivElement>(null)
  const prefix = useId()
  const open = Math.max(
    0,
    relations.findIndex((relation) => keyOf(relation) === search.tab),
  )
  const show = (index: number, replace: boolean) => {
    const relation = relations[index]
    if (relation) void navigate({ to: '.', search: { ...search, tab: keyOf(relation) }, replace, resetScroll: false })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const next = besideTab(event.key, open, relations.length, document.documentElement.dir === 'rtl')
    if (next === null) return
    event.preventDefault()
    show(next, true)
    tabs.current?.querySelectorAll<HTMLElement>('[role="tab"]')[next]?.focus()
  }
  return (
    <div className="co-stack co-stack-tight">
      <div
        ref={tabs}
        role="tablist"
        aria-label={tx('related.tabs')}
        className="co-row co-tight co-no-print"
        onKeyDown={onKeyDown}
      >
        {relations.map((relation, index) => (
          <button
            key={keyOf(relation)}
            type="button"
            role="tab"
            id={`${prefix}-tab-${index}`}
            aria-selected={index === open}
            aria-controls={`${prefix}-panel-${index}`}
            tabIndex={index === open ? 0 : -1}
            className={index === open ? 'co-preset co-preset-chosen' : 'co-preset'}
            onClick={() => show(index, false)}
          >
            <TabName relation={relation} record={record} id={id} />
          </button>
        ))}
      </div>
      {relations.map((relation, index) => (
        <div
          key={keyOf(relation)}
          role="tabpanel"
          id={`${prefix}-panel-${index}`}
          aria-labelledby={`${prefix}-tab-${index}`}
          hidden={index !== open}
          className="co-related-panel"
        >
          <RelatedRecords relation={relation} record={record} id={id} />
        </div>
      ))}
    </div>
  )
}

/** The list's name and how many records it has, by the query of the list itself. */
function TabName({ relation, record, id }: { relation: InverseRelation; record: WireRow; id: string }) {
  const total = useQuery(relatedQuery(relation, record, id)).data?.total
  return (
    <>
      <span dir="auto">{relatedTitle(useModel(), relation)}</span>
      {total === undefined ? null : <span className="co-numbers"> {showNumber(total)}</span>}
    </>
  )
}
