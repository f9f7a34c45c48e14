// Dates, wall-clock times, instants and time slots, with their filters. The last day of a filter is
// included: what goes to the API is "before the next midnight" of the zone that is shown.

import {
  inputToInstant,
  inputToWall,
  instantToInput,
  nextDay,
  otherZone,
  personZone,
  readInstant,
  readSlot,
  showDate,
  showInstant,
  showSlot,
  showWallClock,
  startOfDay,
  today,
  wallToInput,
  zoneName,
} from '~/lib/format/dates'
import { t } from '~/lib/i18n/t'
import type { Property } from '~/lib/metadata/model'
import type { Condition } from '~/lib/postgrest/query'
import type { FieldProps, FilterProps, PropertyKind } from './kinds'
import { textFromWire } from './kinds'
import { TextInput } from './text'
import { tx } from './texts'

export function DaysFilter({ property, conditions, onChange, id }: FilterProps) {
  const bound = (op: Condition['op']) => conditions.find((condition) => condition.op === op)?.value.slice(0, 10) ?? ''
  const both = (from: string, to: string) =>
    onChange(
      [
        { column: property.column, op: 'gte' as const, value: from },
        { column: property.column, op: 'lte' as const, value: to },
      ].filter((condition) => condition.value !== ''),
    )
  const zone = personZone()
  const presets = [
    { label: t('filter.today'), from: today(zone), to: today(zone) },
    { label: t('filter.last7'), from: today(zone, -6), to: today(zone) },
    { label: t('filter.thisMonth'), from: `${today(zone).slice(0, 8)}01`, to: today(zone) },
  ]
  return (
    <div className="co-stack co-stack-tight">
      <div className="co-bounds">
        {(['gte', 'lte'] as const).map((op) => (
          <label key={op} className="co-bound" htmlFor={`${id}-${op}`}>
            <span className="co-small">{t(op === 'gte' ? 'filter.from' : 'filter.to')}</span>
            <input
              id={`${id}-${op}`}
              className="co-input"
              type="date"
              value={bound(op)}
              onChange={(event) =>
                op === 'gte' ? both(event.target.value, bound('lte')) : both(bound('gte'), event.target.value)
              }
            />
          </label>
        ))}
      </div>
      <div className="co-row">
        {presets.map((preset) => (
          <button
            key={preset.label}
            type="button"
            className="co-preset"
            aria-pressed={bound('gte') === preset.from && bound('lte') === preset.to}
            onClick={() => both(preset.from, preset.to)}
          >
            {preset.label}
          </button>
        ))}
      </div>
    </div>
  )
}

const DAY = /^\d{4}-\d{2}-\d{2}$/

/** Days of the address bar as bounds of a timestamp; `startsAt` says when a day begins. */
function dayBounds(startsAt: (day: string) => string) {
  return (_: Property, conditions: readonly Condition[]): Condition[] =>
    conditions.map((condition) => {
      if (!DAY.test(condition.value)) return condition
      if (condition.op === 'lte') return { ...condition, op: 'lt', value: startsAt(nextDay(condition.value)) }
      if (condition.op === 'gt') return { ...condition, op: 'gte', value: startsAt(nextDay(condition.value)) }
      return { ...condition, value: startsAt(condition.value) }
    })
}

const checkMoment = (draft: string, property: Property) =>
  /^\d{4}-\d{2}-\d{2}/.test(draft) ? undefined : t('check.date', { label: property.label })

export const date: PropertyKind = {
  Display: ({ value }) => (
    <time dateTime={String(value)} className="co-numbers">
      {showDate(String(value))}
    </time>
  ),
  Field: (props) => <TextInput {...props} type="date" className="co-input-short" />,
  Filter: DaysFilter,
  fromWire: (wire) => (wire === null || wire === undefined ? null : String(wire).slice(0, 10)),
  toWire: (draft) => draft,
  check: checkMoment,
}

export const wallClock: PropertyKind = {
  Display: ({ value }) => (
    <time dateTime={String(value)} className="co-numbers">
      {showWallClock(String(value))}
    </time>
  ),
  Field: (props) => <TextInput {...props} type="datetime-local" className="co-input-medium" />,
  Filter: DaysFilter,
  toConditions: dayBounds((day) => `${day}T00:00:00`),
  fromWire: (wire) => (wire === null || wire === undefined ? null : wallToInput(String(wire))),
  toWire: (draft) => inputToWall(String(draft)),
  check: checkMoment,
}

/** In which zone a moment is typed, where the organisation's clocks show another time. */
function ZoneNote({ moment }: { moment: string | null }) {
  const wire = moment ?? new Date().toISOString()
  const other = otherZone(wire)
  if (!other) return null
  return (
    <p className="co-field-note">
      {tx('zone.typed', { zone: personZone() })}
      {moment ? ` ${tx('zone.there', { zone: other, time: showInstant(wire, other, true) })}` : null}
    </p>
  )
}

export const instant: PropertyKind = {
  Display: ({ value, place }) => {
    const wire = String(value)
    const other = otherZone(wire)
    const here = showInstant(wire, personZone(), true)
    return (
      <time
        dateTime={readInstant(wire)?.toISOString() ?? wire}
        className="co-numbers"
        title={other ? `${here} · ${showInstant(wire, other, true)}` : here}
      >
        {other || place === 'detail' ? here : showInstant(wire, personZone())}
        {other && place === 'detail' ? (
          <span className="co-muted co-small co-other-zone">{showInstant(wire, other, true)}</span>
        ) : null}
      </time>
    )
  },
  Field: (props) => (
    <>
      <TextInput {...props} type="datetime-local" className="co-input-medium" />
      <ZoneNote moment={typeof props.value === 'string' ? inputToInstant(props.value, personZone()) : null} />
    </>
  ),
  Filter: DaysFilter,
  toConditions: dayBounds((day) => startOfDay(day, personZone())),
  fromWire: (wire) => (wire === null || wire === undefined ? null : instantToInput(String(wire), personZone())),
  toWire: (draft) => inputToInstant(String(draft), personZone()),
  check: checkMoment,
}

export const time: PropertyKind = {
  // Seconds are shown where there are some.
  Display: ({ value }) => (
    <span className="co-numbers">{String(value).replace(/^(\d{2}:\d{2}):00(?=$|[+-])/, '$1')}</span>
  ),
  Field: (props) => <TextInput {...props} type="time" className="co-input-short" />,
  Filter: TimesFilter,
  fromWire: (wire) => (wire === null || wire === undefined ? null : String(wire).slice(0, 5)),
  toWire: (draft) => draft,
  check: (draft, property) => (/^\d{2}:\d{2}/.test(draft) ? undefined : t('check.time', { label: property.label })),
}

/** A slot's draft is `start|end`, both as datetime-local text. */
function SlotField({ property, value, onChange, id, describedBy, invalid, required }: FieldProps) {
  const [start = '', end = ''] = typeof value === 'string' ? value.split('|') : []
  const set = (nextStart: string, nextEnd: string) =>
    onChange(nextStart === '' && nextEnd === '' ? null : `${nextStart}|${nextEnd}`)
  const input = (part: 'start' | 'end', current: string) => (
    <label className="co-bound" htmlFor={part === 'start' ? id : `${id}-end`}>
      <span className="co-small">{t(part === 'start' ? 'form.start' : 'form.end')}</span>
      <input
        id={part === 'start' ? id : `${id}-end`}
        className="co-input"
        type="datetime-local"
        value={current}
        aria-describedby={describedBy}
        aria-invalid={invalid || undefined}
        required={required}
        onChange={(event) =>
          part === 'start' ? set(event.target.value, end || event.target.value) : set(start, event.target.value)
        }
      />
    </label>
  )
  return (
    <>
      <div className="co-bounds" data-property={property.column}>
        {input('start', start)}
        {input('end', end)}
      </div>
      <ZoneNote moment={start === '' ? null : inputToInstant(start, personZone())} />
    </>
  )
}

function TimesFilter({ property, conditions, onChange, id }: FilterProps) {
  const bound = (op: Condition['op']) => conditions.find((condition) => condition.op === op)?.value.slice(0, 5) ?? ''
  const set = (op: 'gte' | 'lte', value: string) =>
    onChange([
      ...conditions.filter((condition) => condition.op !== op),
      ...(value === '' ? [] : [{ column: property.column, op, value }]),
    ])
  return (
    <div className="co-bounds">
      {(['gte', 'lte'] as const).map((op) => (
        <label key={op} className="co-bound" htmlFor={`${id}-${op}`}>
          <span className="co-small">{t(op === 'gte' ? 'filter.from' : 'filter.to')}</span>
          <input
            id={`${id}-${op}`}
            className="co-input"
            type="time"
            value={bound(op)}
            onChange={(event) => set(op, event.target.value)}
          />
        </label>
      ))}
    </div>
  )
}

/** Slots that touch the days: each bound is an overlap with a half-line. */
function slotBounds(_: Property, conditions: readonly Condition[]): Condition[] {
  return conditions.map((condition) => {
    if (!DAY.test(condition.value)) return condition
    if (condition.op === 'lte') {
      return { ...condition, op: 'ov', value: `(,${startOfDay(nextDay(condition.value), personZone())})` }
    }
    if (condition.op === 'gte') {
      return { ...condition, op: 'ov', value: `[${startOfDay(condition.value, personZone())},)` }
    }
    return condition
  })
}

export const timeSlot: PropertyKind = {
  Filter: DaysFilter,
  toConditions: slotBounds,
  Display: ({ value }) => {
    const wire = String(value)
    const here = showSlot(wire, personZone())
    const start = readSlot(wire)?.start ?? ''
    const other = otherZone(start)
    const organisation = other ? `${showSlot(wire, other)} ${zoneName(start, other)}` : undefined
    return (
      <span className="co-numbers" title={organisation}>
        {other ? `${here} ${zoneName(start, personZone())}` : here}
      </span>
    )
  },
  Field: SlotField,
  grouped: true,
  fromWire: (wire) => {
    const slot = typeof wire === 'string' ? readSlot(wire) : null
    return slot
      ? `${instantToInput(slot.start, personZone())}|${instantToInput(slot.end, personZone())}`
      : textFromWire(wire)
  },
  toWire: (draft) => {
    const [start = '', end = ''] = String(draft).split('|')
    return `[${inputToInstant(start, personZone())},${inputToInstant(end, personZone())})`
  },
  check: (draft) => {
    const [start = '', end = ''] = draft.split('|')
    if (start === '' || end === '') return t('check.slotBoth')
    return end > start ? undefined : t('check.slotOrder')
  },
}
