// Dates and times between wire, controls and eyes. `date` and `timestamp` are wall clock and never
// shifted; `timestamptz` is an instant, shown and entered in the person's zone. Pure; tests beside it.

import { runtimeConfig } from '~/config/runtime'
import { currentLocale } from '~/lib/i18n/t'
import { readSetting } from '~/lib/settings'

/** How long the device's zone is taken to be the same, in milliseconds. */
const ZONE_AGE_MS = 1000
let device = { zone: '', until: 0 }

/** The device's zone. Asking takes 0.1 ms and more, and files ask for every cell; who travels is noticed within a second. */
export function deviceZone(): string {
  const now = performance.now()
  if (now >= device.until) {
    device = { zone: Intl.DateTimeFormat().resolvedOptions().timeZone, until: now + ZONE_AGE_MS }
  }
  return device.zone
}

/** The zone in which moments are shown and entered: the device's, or the organisation's for who chose that. */
export const personZone = (): string =>
  readSetting('zone') === 'organisation' ? (runtimeConfig.timeZone ?? deviceZone()) : deviceZone()

/** The organisation's zone where its clocks show another time than `zone` at this moment; else null. */
export function otherZone(wire: string, zone = personZone(), organisation = runtimeConfig.timeZone): string | null {
  const instant = readInstant(wire)
  if (!instant || !organisation || organisation === zone) return null
  return asUtc(partsIn(instant, organisation)).getTime() === asUtc(partsIn(instant, zone)).getTime()
    ? null
    : organisation
}

interface Wall {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

const WALL = /^(\d{4,})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?)?/

function readWall(text: string): Wall | null {
  const match = WALL.exec(text)
  if (!match) return null
  const part = (index: number) => Number(match[index] ?? 0)
  return { year: part(1), month: part(2), day: part(3), hour: part(4), minute: part(5), second: part(6) }
}

/** A moment whose UTC reading is the wall clock; formatted with timeZone UTC it stays as written. */
const asUtc = (wall: Wall) =>
  new Date(Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second))

/** Reads the API's timestamptz, `T` or blank, any offset. */
export function readInstant(text: string): Date | null {
  const normal = text.replace(' ', 'T').replace(/([+-]\d{2})$/, '$1:00')
  const date = new Date(normal)
  return Number.isNaN(date.getTime()) ? null : date
}

const DATE: Intl.DateTimeFormatOptions = { year: 'numeric', month: 'short', day: 'numeric' }
const TIME: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' }

const formatters = new Map<string, Intl.DateTimeFormat>()

/** One formatter for all that is written alike: making one takes a hundred times as long as using it. `options` names a zone. */
function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify([locale, options])
  let made = formatters.get(key)
  if (!made) {
    made = new Intl.DateTimeFormat(locale, options)
    formatters.set(key, made)
  }
  return made
}

const format = (date: Date, options: Intl.DateTimeFormatOptions, locale = currentLocale()) =>
  formatter(locale, options).format(date)

export function showDate(wire: string): string {
  const wall = readWall(wire)
  return wall ? format(asUtc(wall), { ...DATE, timeZone: 'UTC' }) : wire
}

export function showWallClock(wire: string): string {
  const wall = readWall(wire)
  return wall ? format(asUtc(wall), { ...DATE, ...TIME, timeZone: 'UTC' }) : wire
}

export function showInstant(wire: string, zone: string, withZone = false): string {
  const instant = readInstant(wire)
  if (!instant) return wire
  return format(instant, { ...DATE, ...TIME, timeZone: zone, ...(withZone ? { timeZoneName: 'short' } : {}) })
}

/** Only the time of day of an instant. */
export const showTimeOfDay = (instant: Date, zone: string): string => format(instant, { ...TIME, timeZone: zone })

/** The zone's short name at that moment, as in "CDT" or "GMT+2". */
export function zoneName(wire: string, zone: string): string {
  const instant = readInstant(wire)
  if (!instant) return ''
  const parts = formatter(currentLocale(), { timeZone: zone, timeZoneName: 'short' }).formatToParts(instant)
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
}

const two = (value: number) => String(value).padStart(2, '0')

/** Wall-clock parts of an instant in a zone. */
function partsIn(instant: Date, zone: string): Wall {
  const parts = formatter('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(instant)
  const part = (type: string) => Number(parts.find((entry) => entry.type === type)?.value ?? 0)
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
  }
}

/** `YYYY-MM-DDTHH:MM` for a datetime-local input. */
export function instantToInput(wire: string, zone: string): string {
  const instant = readInstant(wire)
  if (!instant) return ''
  const { year, month, day, hour, minute } = partsIn(instant, zone)
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`
}

/** The instant at which clocks of the zone show this wall time; UTC with milliseconds. */
export function inputToInstant(input: string, zone: string): string | null {
  const wall = readWall(input)
  if (!wall) return null
  const wanted = asUtc(wall).getTime()
  // The offset depends on the instant itself: correct twice to pass over clock changes.
  let guess = wanted
  for (let round = 0; round < 2; round++) {
    guess += wanted - asUtc(partsIn(new Date(guess), zone)).getTime()
  }
  return new Date(guess).toISOString()
}

export const wallToInput = (wire: string): string => wire.replace(' ', 'T').slice(0, 16)
export const inputToWall = (input: string): string => (input.length === 16 ? `${input}:00` : input)

/** The day after `YYYY-MM-DD`. */
export function nextDay(day: string): string {
  const wall = readWall(day)
  if (!wall) return day
  return new Date(Date.UTC(wall.year, wall.month - 1, wall.day + 1)).toISOString().slice(0, 10)
}

/** Today in the zone, `YYYY-MM-DD`, moved by some days. */
export function today(zone: string, shiftDays = 0, now = new Date()): string {
  const { year, month, day } = partsIn(now, zone)
  return new Date(Date.UTC(year, month - 1, day + shiftDays)).toISOString().slice(0, 10)
}

/** Start of a day in the zone as an instant. */
export const startOfDay = (day: string, zone: string): string => inputToInstant(`${day}T00:00`, zone) ?? day

export interface Slot {
  start: string
  end: string
}

/** Reads a tstzrange: `["a","b")` or `[a,b)`. */
export function readSlot(wire: string): Slot | null {
  const match = /^[[(]"?([^",]+)"?,\s*"?([^",]+?)"?[\])]$/.exec(wire.trim())
  if (!match?.[1] || !match[2]) return null
  return readInstant(match[1]) && readInstant(match[2]) ? { start: match[1], end: match[2] } : null
}

export function showSlot(wire: string, zone: string): string {
  const slot = readSlot(wire)
  if (!slot) return wire
  const [start, end] = [readInstant(slot.start), readInstant(slot.end)]
  if (!start || !end) return wire
  const sameDay = format(start, { ...DATE, timeZone: zone }) === format(end, { ...DATE, timeZone: zone })
  const first = format(start, { ...DATE, ...TIME, timeZone: zone })
  return `${first} – ${format(end, sameDay ? { ...TIME, timeZone: zone } : { ...DATE, ...TIME, timeZone: zone })}`
}

/** Only the times of a slot, for places where the day is known. */
export function showSlotTimes(wire: string, zone: string): string {
  const slot = readSlot(wire)
  const [start, end] = slot ? [readInstant(slot.start), readInstant(slot.end)] : [null, null]
  if (!start || !end) return wire
  return `${format(start, { ...TIME, timeZone: zone })} – ${format(end, { ...TIME, timeZone: zone })}`
}
