// Records in a calendar: month as a real table, week and day as lists per day, agenda
// as one list (the default on phones and the text alternative). Which view and day is for the caller to keep.

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Loading } from '~/components/loading'
import { paths } from '~/config/paths'
import {
  addDays,
  CALENDAR_VIEWS,
  type CalendarEvent,
  type CalendarView,
  daysOf,
  eventsByDay,
  isDay,
  movedDay,
} from '~/lib/calendar'
import { isHexColor } from '~/lib/color'
import { personZone, showSlotTimes, startOfDay, today } from '~/lib/format/dates'
import type { MessageKey } from '~/lib/i18n/messages-en'
import { currentLocale, t } from '~/lib/i18n/t'
import type { Entity, Model } from '~/lib/metadata/model'
import { readFragment } from '~/lib/metadata/select'
import { readPage } from '~/lib/postgrest/client'
import type { Condition } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { PHONE, useMedia } from '~/lib/viewport'
import './calendar.css'

/** More events than this are not drawn; the page says so. */
const MAX_EVENTS = 1000
/** Events named in a cell of the month before "+ n more". */
const IN_CELL = 3

const VIEW_NAMES: Readonly<Record<CalendarView, MessageKey>> = {
  dayGridMonth: 'calendar.month',
  timeGridWeek: 'calendar.week',
  timeGridDay: 'calendar.day',
  agenda: 'calendar.agenda',
}

function firstDayOfWeek(): number {
  const locale = new Intl.Locale(currentLocale()) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number }
    weekInfo?: { firstDay: number }
  }
  return ((locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 7) % 7
}

const format = (day: string, options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(currentLocale(), { ...options, timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`))

function nameOf(status: unknown): string | null {
  const name =
    typeof status === 'object' && status !== null ? (status as { display_name?: unknown }).display_name : null
  return typeof name === 'string' && name !== '' ? name : null
}

interface RecordCalendarProps {
  model: Model
  entity: Entity
  calendar: NonNullable<Entity['calendar']>
  conditions: readonly Condition[]
  search: string
  view: string | undefined
  date: string | undefined
  /** Level of the calendar's own heading; the days are one below. */
  headingLevel?: 2 | 3
  onMove: (view: CalendarView, date: string) => void
  /** Most records shown. */
  limit?: number
  /** Colour of records that have none of their own. */
  defaultColor?: string | undefined
  /** Asked again so often, in milliseconds. */
  refetchInterval?: number | false
  /** Told of each answer. */
  onAnswer?: (answer: { updatedAt: number; failed: boolean; refetch: () => unknown }) => void
}

export function RecordCalendar({
  model,
  entity,
  calendar,
  conditions,
  search,
  headingLevel = 2,
  onMove,
  limit = MAX_EVENTS,
  defaultColor,
  refetchInterval = false,
  onAnswer,
  ...wanted
}: RecordCalendarProps) {
  const phone = useMedia(PHONE)
  const Heading = headingLevel === 2 ? 'h2' : 'h3'
  const zone = personZone()
  const view = CALENDAR_VIEWS.find((candidate) => candidate === wanted.view) ?? (phone ? 'agenda' : 'dayGridMonth')
  const now = today(zone)
  const date = isDay(wanted.date) ? wanted.date : now
  const days = daysOf(view, date, firstDayOfWeek())
  const first = days[0] ?? date
  const end = addDays(days.at(-1) ?? date, 1)
  const range = `[${startOfDay(first, zone)},${startOfDay(end, zone)})`
  const color = calendar.color && model.property(entity.key, calendar.color) ? calendar.color : null
  const status = model.properties(entity.key).find((property) => property.type === 'Status')
  const read = {
    table: entity.key,
    select: [
      ...new Set([entity.idColumn ?? 'id', entity.labelColumn ?? 'id', calendar.slot, ...(color ? [color] : [])]),
      ...(status ? [readFragment(model, status)] : []),
    ],
    conditions: [...conditions, { column: calendar.slot, op: 'ov' as const, value: range }],
    search: search || undefined,
    order: [calendar.slot, entity.idColumn ?? 'id'].map((by) => ({ by, dir: 'asc' as const })),
  }
  const query = useQuery({
    queryKey: ['rows', entity.key, 'calendar', read, limit],
    queryFn: ({ signal }) => readPage(read, 0, limit, signal),
    placeholderData: keepPreviousData,
    refetchInterval,
  })
  const { dataUpdatedAt: updatedAt, isError: failed, refetch } = query
  useEffect(() => {
    if (updatedAt > 0) onAnswer?.({ updatedAt, failed, refetch })
  }, [onAnswer, updatedAt, failed, refetch])
  const events = (query.data?.rows ?? []).flatMap((row): CalendarEvent[] => {
    const id = row[entity.idColumn ?? 'id']
    const slot = row[calendar.slot]
    if (id === null || id === undefined || typeof slot !== 'string') return []
    const label = entity.labelColumn ? row[entity.labelColumn] : null
    const fill = color ? row[color] : null
    return [
      {
        id: String(id),
        name: label ? String(label) : `${entity.name} ${id}`,
        slot,
        color: [fill, defaultColor].find(isHexColor) ?? null,
        status: nameOf(status ? row[status.column] : null),
      },
    ]
  })
  const byDay = eventsByDay(events, days, zone)
  const title =
    view === 'timeGridDay'
      ? format(date, { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' })
      : view === 'timeGridWeek'
        ? `${format(first, { month: 'short', day: 'numeric' })} – ${format(addDays(end, -1), { month: 'short', day: 'numeric', year: 'numeric' })}`
        : format(date, { month: 'long', year: 'numeric' })
  const problem = query.isError && (!query.data || !onAnswer) ? describeProblem(query.error, { attempt: 'read' }) : null
  const total = query.data?.total ?? events.length

  return (
    <section className="co-stack co-stack-tight" aria-label={t('calendar.of', { name: entity.plural })}>
      <div className="co-spread">
        <div className="co-row">
          <Button icon="chevronLeft" iconOnly onClick={() => onMove(view, movedDay(view, date, -1))}>
            {t('calendar.previous')}
          </Button>
          <Button onClick={() => onMove(view, now)}>{t('calendar.today')}</Button>
          <Button icon="chevronRight" iconOnly onClick={() => onMove(view, movedDay(view, date, 1))}>
            {t('calendar.next')}
          </Button>
          <Heading className="co-h3">
            <span role="status">{title}</span>
          </Heading>
        </div>
        <fieldset className="co-row co-tight">
          <legend className="co-hidden">{t('calendar.view')}</legend>
          {CALENDAR_VIEWS.map((candidate) => (
            <Button key={candidate} aria-pressed={candidate === view} onClick={() => onMove(candidate, date)}>
              {t(VIEW_NAMES[candidate])}
            </Button>
          ))}
        </fieldset>
      </div>
      {problem ? (
        <Banner kind="error" urgent facts={problem.facts} onRetry={() => void query.refetch()}>
          {problem.text}
        </Banner>
      ) : !query.data ? (
        <Loading />
      ) : view === 'dayGridMonth' ? (
        <Month
          entity={entity}
          days={days}
          byDay={byDay}
          month={date.slice(0, 7)}
          today={now}
          onDay={(day) => onMove('timeGridDay', day)}
        />
      ) : (
        <DayLists entity={entity} days={days} byDay={byDay} view={view} today={now} headingLevel={headingLevel} />
      )}
      <p className="co-muted co-small">
        {total > limit ? `${t('calendar.limited', { n: limit, total })} ` : ''}
        {t('calendar.zone', { zone })}
      </p>
    </section>
  )
}

function EventLink({ entity, event, brief }: { entity: Entity; event: CalendarEvent; brief?: boolean }) {
  const times = showSlotTimes(event.slot, personZone())
  return (
    <Link to={paths.detail(entity.key, event.id)} className={brief ? 'co-event co-event-brief' : 'co-event'}>
      <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true" className="co-swatch">
        <circle cx="5" cy="5" r="4" fill={event.color ?? 'currentColor'} />
      </svg>
      <span className="co-event-time co-numbers">{brief ? times.split(' – ')[0] : times}</span>{' '}
      <span dir="auto">{event.name}</span>
      {event.status ? (
        <span className={brief ? 'co-hidden' : 'co-muted'} dir="auto">
          {' '}
          · {event.status}
        </span>
      ) : null}
    </Link>
  )
}

interface MonthProps {
  entity: Entity
  days: readonly string[]
  byDay: ReadonlyMap<string, readonly CalendarEvent[]>
  /** `YYYY-MM`; days outside are muted. */
  month: string
  today: string
  onDay: (day: string) => void
}

function Month({ entity, days, byDay, month, today: now, onDay }: MonthProps) {
  const weeks = Array.from({ length: days.length / 7 }, (_, week) => days.slice(week * 7, week * 7 + 7))
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
    <section className="co-table-box" tabIndex={0} aria-label={t('calendar.month')}>
      <table className="co-month">
        <thead>
          <tr>
            {days.slice(0, 7).map((day) => (
              <th key={day} scope="col" abbr={format(day, { weekday: 'long' })}>
                {format(day, { weekday: 'short' })}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((week) => (
            <tr key={week[0]}>
              {week.map((day) => {
                const events = byDay.get(day) ?? []
                return (
                  <td key={day} className={day.startsWith(month) ? undefined : 'co-outside'}>
                    <span className={day === now ? 'co-day co-today' : 'co-day'}>
                      <span aria-hidden="true">{Number(day.slice(8))}</span>
                      <span className="co-hidden">{format(day, { month: 'long', day: 'numeric' })}</span>
                    </span>
                    <ul>
                      {events.slice(0, IN_CELL).map((event) => (
                        <li key={event.id}>
                          <EventLink entity={entity} event={event} brief />
                        </li>
                      ))}
                    </ul>
                    {events.length > IN_CELL ? (
                      <Button look="quiet" className="co-small" onClick={() => onDay(day)}>
                        {t('calendar.more', { n: events.length - IN_CELL })}
                      </Button>
                    ) : null}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface DayListsProps {
  entity: Entity
  days: readonly string[]
  byDay: ReadonlyMap<string, readonly CalendarEvent[]>
  view: CalendarView
  today: string
  headingLevel: 2 | 3
}

function DayLists({ entity, days, byDay, view, today: now, headingLevel }: DayListsProps) {
  const Heading = headingLevel === 2 ? 'h3' : 'h4'
  const shown = view === 'agenda' ? days.filter((day) => (byDay.get(day)?.length ?? 0) > 0) : days
  if (shown.length === 0) return <p className="co-card">{t('calendar.empty')}</p>
  return (
    <ul className={view === 'timeGridWeek' ? 'co-week' : 'co-stack co-stack-tight'}>
      {shown.map((day) => (
        <li key={day} className="co-card co-day-card">
          <Heading className={day === now ? 'co-day-heading co-today-heading' : 'co-day-heading'}>
            {format(day, { weekday: 'short', month: 'short', day: 'numeric' })}
          </Heading>
          {(byDay.get(day)?.length ?? 0) === 0 ? (
            <p className="co-muted co-small">{t('value.none')}</p>
          ) : (
            <ul>
              {byDay.get(day)?.map((event) => (
                <li key={event.id}>
                  <EventLink entity={entity} event={event} />
                </li>
              ))}
            </ul>
          )}
        </li>
      ))}
    </ul>
  )
}
