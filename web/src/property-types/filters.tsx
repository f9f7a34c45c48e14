// Filters of types that the original client could not filter: whether something is there, exactly
// this value, a list with this entry, a range that touches these bounds.

import { nextDay } from '~/lib/format/dates'
import type { Property } from '~/lib/metadata/model'
import type { Condition } from '~/lib/postgrest/query'
import { ChoiceFilter } from './choice-filter'
import type { FilterProps } from './kinds'
import { DaysFilter } from './moments'
import { BoundsFilter } from './numbers'
import { UUID } from './text'
import { tx } from './texts'

const PRESENT = 'not_null'
const ABSENT = 'null'

export const PresenceFilter = (props: FilterProps) => (
  <ChoiceFilter {...props}>
    <option value={PRESENT}>{tx('filter.present')}</option>
    <option value={ABSENT}>{tx('filter.absent')}</option>
  </ChoiceFilter>
)

export function PresenceText({ property, conditions }: { property: Property; conditions: readonly Condition[] }) {
  const absent = conditions.some((condition) => condition.value === ABSENT)
  return tx(absent ? 'filter.absentText' : 'filter.presentText', { label: property.label })
}

interface TypedProps {
  id: string
  label: string
  current: string
  onTyped: (text: string) => void
}

/** A text that applies with Enter or when it is left. */
function Typed({ id, label, current, onTyped }: TypedProps) {
  return (
    <label className="co-bound" htmlFor={id}>
      <span className="co-small">{label}</span>
      <input
        id={id}
        className="co-input"
        dir="auto"
        autoComplete="off"
        key={current}
        defaultValue={current}
        onBlur={(event) => {
          const text = event.target.value.trim()
          if (text !== current) onTyped(text)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') event.currentTarget.blur()
        }}
      />
    </label>
  )
}

export function ExactFilter({ property, conditions, onChange, id }: FilterProps) {
  const current = conditions.find((condition) => condition.op === 'eq')?.value ?? ''
  return (
    <Typed
      id={id}
      label={tx('filter.exact')}
      current={current}
      onTyped={(text) => {
        // Half an identifier is no question the database could answer.
        if (text === '') onChange([])
        else if (UUID.test(text)) onChange([{ column: property.column, op: 'eq', value: text }])
      }}
    />
  )
}

const entryOf = (conditions: readonly Condition[]) =>
  conditions
    .find((condition) => condition.op === 'cs')
    ?.value.replace(/^\{"?|"?\}$/g, '')
    .replace(/\\(.)/g, '$1') ?? ''

export function EntryFilter({ property, conditions, onChange, id }: FilterProps) {
  return (
    <Typed
      id={id}
      label={tx('filter.entry')}
      current={entryOf(conditions)}
      onTyped={(text) => {
        const quoted = `{"${text.replace(/["\\]/g, '\\$&')}"}`
        onChange(text === '' ? [] : [{ column: property.column, op: 'cs', value: quoted }])
      }}
    />
  )
}

export function EntryText({ property, conditions }: { property: Property; conditions: readonly Condition[] }) {
  return tx('filter.entryText', { label: property.label, value: entryOf(conditions) })
}

const ofDays = (property: Property) => property.udtName === 'daterange' || property.udtName === 'tsrange'

export function RangeFilter(props: FilterProps) {
  return ofDays(props.property) ? <DaysFilter {...props} /> : <BoundsFilter {...props} />
}

/** Ranges that touch the bounds: each bound is an overlap with a half-line; the last day is included. */
export function rangeBounds(property: Property, conditions: readonly Condition[]): Condition[] {
  const moments = property.udtName === 'tsrange'
  return conditions.map((condition) => {
    if (condition.op === 'gte') return { ...condition, op: 'ov', value: `[${condition.value},)` }
    if (condition.op !== 'lte') return condition
    return { ...condition, op: 'ov', value: moments ? `(,${nextDay(condition.value)})` : `(,${condition.value}]` }
  })
}
