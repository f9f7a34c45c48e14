import { describe, expect, it } from 'vitest'
import { otherZone, zoneName } from './dates'

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
