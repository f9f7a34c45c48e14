import { describe, expect, it } from 'vitest'
import { addDays, daysOf, eventsByDay, isDay, movedDay, startOfWeek } from './calendar'

describe('ranges', () => {
  it('a month shows whole weeks, Sunday or Monday first', () => {
    const sunday = daysOf('dayGridMonth', '2025-11-23', 0)
    expect([sunday[0], sunday.at(-1), sunday.length]).toEqual(['2025-10-26', '2025-12-06', 42])
    const monday = daysOf('dayGridMonth', '2025-11-23', 1)
    expect([monday[0], monday.at(-1), monday.length]).toEqual(['2025-10-27', '2025-11-30', 35])
  })

  it('weeks, days, agenda', () => {
    expect(daysOf('timeGridWeek', '2025-11-26', 0)[0]).toBe('2025-11-23')
    expect(daysOf('timeGridWeek', '2025-11-23', 1)[0]).toBe('2025-11-17')
    expect(daysOf('timeGridDay', '2025-11-26', 0)).toEqual(['2025-11-26'])
    expect(daysOf('agenda', '2024-02-10', 0)).toHaveLength(29)
    expect(startOfWeek('2025-11-23', 0)).toBe('2025-11-23')
  })

  it('moves', () => {
    expect(movedDay('dayGridMonth', '2025-01-31', 1)).toBe('2025-02-01')
    expect(movedDay('dayGridMonth', '2025-01-31', -1)).toBe('2024-12-01')
    expect(movedDay('timeGridWeek', '2025-12-29', 1)).toBe('2026-01-05')
    expect(movedDay('timeGridDay', '2025-03-09', 1)).toBe('2025-03-10')
    expect(addDays('2024-02-28', 1)).toBe('2024-02-29')
  })

  it('knows days from other text', () => {
    expect(['2025-02-29', '2025-1-1', 'x', undefined].map(isDay)).toEqual([false, false, false, false])
    expect(isDay('2024-02-29')).toBe(true)
  })
})

describe('events', () => {
  const zone = 'America/New_York'
  const event = (id: string, start: string, end: string) => ({
    id,
    name: id,
    slot: `["${start}","${end}")`,
    color: null,
    status: null,
  })

  it('stand on the days of the zone, in order, on each day they last', () => {
    const events = [
      event('late', '2025-11-24 03:00:00+00', '2025-11-24 04:00:00+00'),
      event('early', '2025-11-23 14:00:00+00', '2025-11-23 15:00:00+00'),
      event('long', '2025-11-22 14:00:00+00', '2025-11-24 05:00:00+00'),
      { id: 'bad', name: 'bad', slot: 'empty', color: null, status: null },
    ]
    const days = ['2025-11-22', '2025-11-23', '2025-11-24']
    const ids = [...eventsByDay(events, days, zone).values()].map((list) => list.map((entry) => entry.id))
    expect(ids).toEqual([['long'], ['long', 'early', 'late'], []])
  })
})
