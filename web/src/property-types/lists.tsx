// Lists (array columns), plain ranges, enumerations: types that the original client could not edit.

import { useQuery } from '@tanstack/react-query'
import { Button } from '~/components/button'
import { t } from '~/lib/i18n/t'
import type { Property } from '~/lib/metadata/model'
import { enumQuery } from '~/lib/metadata/queries'
import { type Condition, inList, readInList } from '~/lib/postgrest/query'
import type { FieldProps, FilterProps, PropertyKind } from './kinds'
import { textFromWire } from './kinds'
import { shortText, TextInput, unknown } from './text'
import { tx } from './texts'

// ---- lists: the draft is the JSON text of the array ----

function readList(draft: unknown): string[] | null {
  if (typeof draft !== 'string' || draft === '') return []
  try {
    const value: unknown = JSON.parse(draft)
    if (!Array.isArray(value) || value.some((entry) => entry === null || typeof entry === 'object')) return null
    return value.map(String)
  } catch {
    return null
  }
}

function ListField(props: FieldProps) {
  const { property, value, onChange, id, describedBy, invalid } = props
  const entries = readList(value)
  // Nested lists and lists with gaps stay as their text.
  if (!entries) return <TextInput {...props} />
  const set = (next: readonly string[]) => onChange(next.length === 0 ? null : JSON.stringify(next))
  return (
    <div className="co-stack co-stack-tight">
      {entries.map((entry, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: entries have no identity but their place
        <div key={index} className="co-row co-nowrap">
          <input
            id={index === 0 ? id : undefined}
            className="co-input"
            dir="auto"
            autoComplete="off"
            aria-label={tx('list.item', { label: property.label, n: index + 1 })}
            aria-describedby={describedBy}
            aria-invalid={invalid || undefined}
            value={entry}
            onChange={(event) => set(entries.map((other, at) => (at === index ? event.target.value : other)))}
          />
          <Button look="quiet" icon="close" iconOnly onClick={() => set(entries.filter((_, at) => at !== index))}>
            {tx('list.remove', { n: index + 1 })}
          </Button>
        </div>
      ))}
      <div>
        <Button icon="plus" id={entries.length === 0 ? id : undefined} onClick={() => set([...entries, ''])}>
          {tx('list.add')}
        </Button>
      </div>
    </div>
  )
}

export const list: PropertyKind = { ...unknown, Field: ListField, grouped: true }

// ---- ranges: the draft is PostgreSQL's text, `[a,b)` ----

interface RangeParts {
  open: string
  from: string
  to: string
  close: string
}

function readRange(text: unknown): RangeParts {
  const match = typeof text === 'string' ? /^([[(])\s*"?([^",]*)"?\s*,\s*"?([^",]*)"?\s*([\])])$/.exec(text) : null
  return { open: match?.[1] ?? '[', from: match?.[2] ?? '', to: match?.[3] ?? '', close: match?.[4] ?? ')' }
}

const inputType = (property: Property) =>
  property.udtName === 'daterange' ? 'date' : property.udtName === 'tsrange' ? 'datetime-local' : 'text'

const forInput = (text: string, type: string) =>
  type === 'datetime-local' ? text.replace(' ', 'T').slice(0, 16) : text

function RangeField({ property, value, onChange, id, describedBy, invalid, required }: FieldProps) {
  const parts = readRange(value)
  const type = inputType(property)
  const set = (from: string, to: string) =>
    onChange(from === '' && to === '' ? null : `${parts.open}${from},${to}${parts.close}`)
  const input = (side: 'from' | 'to') => (
    <label className="co-bound" htmlFor={side === 'from' ? id : `${id}-to`}>
      <span className="co-small">{tx(side === 'from' ? 'range.from' : 'range.to')}</span>
      <input
        id={side === 'from' ? id : `${id}-to`}
        className="co-input"
        type={type}
        inputMode={type === 'text' ? 'decimal' : undefined}
        value={forInput(parts[side], type)}
        aria-describedby={describedBy}
        aria-invalid={invalid || undefined}
        required={required}
        onChange={(event) =>
          side === 'from' ? set(event.target.value, parts.to) : set(parts.from, event.target.value)
        }
      />
    </label>
  )
  return (
    <div className="co-bounds">
      {input('from')}
      {input('to')}
    </div>
  )
}

function rangeInOrder(draft: string, property: Property): boolean {
  const { from, to } = readRange(draft)
  if (from === '' || to === '') return from !== to
  return inputType(property) === 'text' ? Number(from) <= Number(to) : from <= to
}

export const range: PropertyKind = {
  ...shortText,
  Field: RangeField,
  grouped: true,
  fromWire: textFromWire,
  check: (draft, property) => (rangeInOrder(draft, property) ? undefined : tx('range.check')),
}

// ---- enumerations: their values stand in the API's description ----

function useEnum(property: Property): readonly string[] | undefined {
  const query = useQuery({
    ...enumQuery(property.table, property.column),
    enabled: property.dataType === 'USER-DEFINED' || property.dataType === '',
  })
  return query.data && query.data.length > 0 ? query.data : undefined
}

function EnumField(props: FieldProps) {
  const values = useEnum(props.property)
  if (!values) return <TextInput {...props} />
  const current = typeof props.value === 'string' ? props.value : ''
  const mayBeEmpty = props.property.nullable || current === '' || props.property.defaultExpression !== null
  return (
    <select
      id={props.id}
      className="co-input"
      value={current}
      aria-describedby={props.describedBy}
      aria-invalid={props.invalid || undefined}
      required={props.required}
      onChange={(event) => props.onChange(event.target.value === '' ? null : event.target.value)}
    >
      {mayBeEmpty ? <option value="">{t(props.property.nullable ? 'form.notSet' : 'form.choose')}</option> : null}
      {current !== '' && !values.includes(current) ? <option value={current}>{current}</option> : null}
      {values.map((value) => (
        <option key={value} value={value}>
          {value}
        </option>
      ))}
    </select>
  )
}

function EnumFilter(props: FilterProps) {
  const values = useEnum(props.property)
  if (!values) return <ContainsFilter {...props} />
  const chosen = props.conditions.flatMap((condition) => (condition.op === 'in' ? readInList(condition.value) : []))
  const set = (next: readonly string[]) =>
    props.onChange(next.length === 0 ? [] : [{ column: props.property.column, op: 'in', value: inList(next) }])
  return (
    <ul className="co-check-list" aria-label={props.property.label}>
      {values.map((value) => (
        <li key={value}>
          <label className="co-check-row">
            <input
              type="checkbox"
              className="co-check"
              checked={chosen.includes(value)}
              onChange={(event) =>
                set(event.target.checked ? [...chosen, value] : chosen.filter((other) => other !== value))
              }
            />
            <span dir="auto">{value}</span>
          </label>
        </li>
      ))}
    </ul>
  )
}

export const enumeration: PropertyKind = { ...unknown, Field: EnumField, Filter: EnumFilter, choice: true }

// ---- a filter for texts ----

const termOf = (conditions: readonly Condition[]) =>
  conditions
    .find((condition) => condition.op === 'ilike')
    ?.value.replace(/^\*|\*$/g, '')
    .replace(/\\(.)/g, '$1') ?? ''

export function ContainsFilter({ property, conditions, onChange, id }: FilterProps) {
  const term = termOf(conditions)
  const set = (text: string) => {
    const clean = text
      .trim()
      .replaceAll('*', '')
      .replace(/[%_\\]/g, '\\$&')
    onChange(clean === '' ? [] : [{ column: property.column, op: 'ilike', value: `*${clean}*` }])
  }
  return (
    <label className="co-bound" htmlFor={id}>
      <span className="co-small">{tx('filter.contains')}</span>
      <input
        id={id}
        className="co-input"
        dir="auto"
        autoComplete="off"
        key={term}
        defaultValue={term}
        onBlur={(event) => {
          if (event.target.value.trim() !== term) set(event.target.value)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') event.currentTarget.blur()
        }}
      />
    </label>
  )
}

export function ContainsText({ property, conditions }: { property: Property; conditions: readonly Condition[] }) {
  return tx('filter.containsText', { label: property.label, value: termOf(conditions) })
}
