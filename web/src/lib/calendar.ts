// Calendar arithmetic on plain days (`YYYY-MM-DD`): ranges of views, moving between them, which event
// falls on which day of a zone. Never goes through the browser's own midnight. Pure; tests beside it.

import { instantToInput, readSlot } from '~/lib/format/dates'

/** Names as in the address bar of the original client; agenda is ours. */
export const CALENDAR_VIEWS = ['dayGridMonth', 'timeGridWeek', 'timeGridDay', 'agenda'] as const
export type CalendarView = (typeof CALENDAR_VIEWS)[number]

const utc = (day: string) => new Date(`${day}T00:00:00Z`)
const dayOf = (date: Date) => date.toISOString().slice(0, 10)

export const isDay = (text: string | undefined): text is string =>
  text !== undefined &&
  /^\d{4}-\d{2}-\d{2}$/.test(text) &&
  !Number.isNaN(utc(text).getTime()) &&
  dayOf(utc(text)) === text

export function addDays(day: string, count: number): string {
  const date = utc(day)
  date.setUTCDate(date.getUTCDate() + count)
  return dayOf(date)
}

const firstOfMonth = (day: string) => `${day.slice(0, 8)}01`

function firstOfNextMonth(day: string): string {
  const date = utc(firstOfMonth(day))
  date.setUTCMonth(date.getUTCMonth() + 1)
  return dayOf(date)
}

/** The day on which the week of `day` starts; `firstDay` is 0 for Sunday to 6. */
export function startOfWeek(day: string, firstDay: number): string {
  return addDays(day, -((utc(day).getUTCDay() - firstDay + 7) % 7))
}

/** Days a view shows; a month shows whole weeks. */
export function daysOf(view: CalendarView, day: string, firstDay: number): string[] {
  const [from, until] =
    view === 'timeGridDay'
      ? [day, addDays(day, 1)]
      : view === 'timeGridWeek'
        ? [startOfWeek(day, firstDay), addDays(startOfWeek(day, firstDay), 7)]
        : view === 'agenda'
          ? [firstOfMonth(day), firstOfNextMonth(day)]
          : [
              startOfWeek(firstOfMonth(day), firstDay),
              addDays(startOfWeek(addDays(firstOfNextMonth(day), -1), firstDay), 7),
            ]
  const days: string[] = []
  for (let current = from; current < until; current = addDays(current, 1)) days.push(current)
  return days
}

/** The day to show after moving one page forward or back. */
export function movedDay(view: CalendarView, day: string, step: -1 | 1): string {
  if (view === 'timeGridDay') return addDays(day, step)
  if (view === 'timeGridWeek') return addDays(day, 7 * step)
  return step === 1 ? firstOfNextMonth(day) : firstOfMonth(addDays(firstOfMonth(day), -1))
}

export interface CalendarEvent {
  id: string
  name: string
  slot: string
  color: string | null
  /** Name of its status; null where it has none. */
  status: string | null
}

/** Events of each day, earliest first; an event that lasts several days is on each of them. */
export function eventsByDay(
  events: readonly CalendarEvent[],
  days: readonly string[],
  zone: string,
): Map<string, CalendarEvent[]> {
  const result = new Map<string, CalendarEvent[]>(days.map((day) => [day, []]))
  const placed = events.flatMap((event) => {
    const slot = readSlot(event.slot)
    if (!slot) return []
    const start = instantToInput(slot.start, zone)
    const end = instantToInput(slot.end, zone)
    // The end is exclusive: midnight still belongs to the day before.
    const last = end.endsWith('T00:00') && end > start ? addDays(end.slice(0, 10), -1) : end.slice(0, 10)
    return [{ event, start, first: start.slice(0, 10), last }]
  })
  placed.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.event.name.localeCompare(b.event.name)))
  for (const day of days) {
    for (const { event, first, last } of placed) {
      if (first <= day && day <= last) result.get(day)?.push(event)
    }
  }
  return result
}
