import { afterEach, describe, expect, it, vi } from 'vitest'
import { deviceZone, inputToInstant, instantToInput, otherZone, showInstant, zoneName } from './dates'
import { countFormatters } from './testing'

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe('the device’s zone', () => {
  it('is asked for once in a second, and who travels is noticed after it', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    vi.advanceTimersByTime(60_000)
    const home = deviceZone()
    const options = Intl.DateTimeFormat().resolvedOptions()
    const asked = vi
      .spyOn(Intl.DateTimeFormat.prototype, 'resolvedOptions')
      .mockReturnValue({ ...options, timeZone: 'Asia/Tokyo' })
    vi.advanceTimersByTime(900)
    expect(deviceZone()).toBe(home)
    expect(asked).not.toHaveBeenCalled()
    vi.advanceTimersByTime(200)
    expect([deviceZone(), deviceZone()]).toEqual(['Asia/Tokyo', 'Asia/Tokyo'])
    expect(asked).toHaveBeenCalledTimes(1)
  })
})

describe('formatters', () => {
  it('are kept by zone, language and form', () => {
    const moment = '2026-07-03T22:30:00Z'
    for (const round of [1, 2]) {
      expect([round, instantToInput(moment, 'America/Chicago')]).toEqual([round, '2026-07-03T17:30'])
      expect([round, instantToInput(moment, 'Asia/Tokyo')]).toEqual([round, '2026-07-04T07:30'])
      expect([round, showInstant(moment, 'Asia/Tokyo').slice(0, 11)]).toEqual([round, 'Jul 4, 2026'])
      expect([round, showInstant(moment, 'America/Chicago', true).slice(-3)]).toEqual([round, 'CDT'])
      expect([round, showInstant(moment, 'America/Chicago').slice(-2)]).toEqual([round, 'PM'])
    }
  })

  it('are not made for every moment', () => {
    const made = countFormatters()
    for (let minute = 10; minute < 60; minute++) {
      const input = instantToInput(`2026-07-03T22:${minute}:00Z`, 'Africa/Nairobi')
      expect(input).toBe(`2026-07-04T01:${minute}`)
      expect(inputToInstant(input, 'Africa/Nairobi')).toBe(`2026-07-03T22:${minute}:00.000Z`)
    }
    expect(made()).toBe(1)
  })
})

describe('otherZone', () => {
  it.each([
    // An instant, the person's zone, the organisation's, and whether its clocks show another time then.
    ['2026-07-03T22:30:00+00:00', 'America/Chicago', 'America/New_York', 'America/New_York'],
    ['2026-07-03 22:30:00+00', 'America/New_York', 'America/New_York', null],
    // Detroit's clocks agree with New York's; Phoenix agrees with Denver only in winter.
    ['2026-07-03T22:30:00Z', 'America/Detroit', 'America/New_York', null],
    ['2026-01-03T22:30:00Z', 'America/Denver', 'America/Phoenix', null],
    ['2026-07-03T22:30:00Z', 'America/Denver', 'America/Phoenix', 'America/Phoenix'],
    ['no moment', 'America/Chicago', 'America/New_York', null],
    ['2026-07-03T22:30:00Z', 'America/Chicago', null, null],
  ])('%s in %s for %s: %s', (wire, zone, organisation, expected) => {
    expect(otherZone(wire, zone, organisation)).toBe(expected)
  })
})

describe('zoneName', () => {
  it('is the short name at that moment', () => {
    expect(zoneName('2026-07-03T22:30:00Z', 'America/Chicago')).toBe('CDT')
    expect(zoneName('2026-01-03T22:30:00Z', 'America/Chicago')).toBe('CST')
    expect(zoneName('nothing', 'America/Chicago')).toBe('')
  })
})
