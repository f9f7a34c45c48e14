import { describe, expect, it } from 'vitest'
import {
  inputToInstant,
  inputToWall,
  instantToInput,
  nextDay,
  readSlot,
  showDate,
  showInstant,
  showSlot,
  showWallClock,
  startOfDay,
  today,
  wallToInput,
} from './dates'
import {
  moneyToInput,
  numberToInput,
  pointToWire,
  readMoney,
  readNumber,
  readPhone,
  readPoint,
  showFileSize,
  showMoney,
  showNumber,
  showPhone,
} from './numbers'

const NY = 'America/New_York'
const text = (value: string) => value.replaceAll(/[\u202f\u00a0]/g, ' ')

describe('dates', () => {
  it('shows dates and wall clocks without shifting them', () => {
    expect(showDate('2025-11-23')).toBe('Nov 23, 2025')
    expect(text(showWallClock('2025-11-23T14:05:00'))).toBe('Nov 23, 2025, 2:05 PM')
    expect(showDate('soon')).toBe('soon')
  })

  it('shows instants in the zone', () => {
    expect(text(showInstant('2025-11-23T19:05:00+00:00', NY))).toBe('Nov 23, 2025, 2:05 PM')
    expect(text(showInstant('2025-11-23 19:05:00+00', NY, true))).toBe('Nov 23, 2025, 2:05 PM EST')
  })

  it.each([
    ['2025-11-23T14:05', '2025-11-23T19:05:00.000Z'],
    ['2025-07-01T00:00', '2025-07-01T04:00:00.000Z'],
    // Clocks went back at 06:00Z on this day, forward at 07:00Z on the other.
    ['2025-11-02T03:00', '2025-11-02T08:00:00.000Z'],
    ['2025-03-09T03:00', '2025-03-09T07:00:00.000Z'],
  ])('%s in New York is %s, and back', (input, instant) => {
    expect(inputToInstant(input, NY)).toBe(instant)
    expect(instantToInput(instant, NY)).toBe(input)
  })

  it('round-trips wall clocks', () => {
    expect(wallToInput('2025-11-23T14:05:00')).toBe('2025-11-23T14:05')
    expect(inputToWall('2025-11-23T14:05')).toBe('2025-11-23T14:05:00')
    expect(inputToWall('2025-11-23T14:05:30')).toBe('2025-11-23T14:05:30')
  })

  it('knows days', () => {
    expect(nextDay('2025-12-31')).toBe('2026-01-01')
    expect(nextDay('2024-02-28')).toBe('2024-02-29')
    expect(startOfDay('2025-11-24', NY)).toBe('2025-11-24T05:00:00.000Z')
    expect(today(NY, 0, new Date('2025-11-24T03:00:00Z'))).toBe('2025-11-23')
    expect(today(NY, -6, new Date('2025-11-24T03:00:00Z'))).toBe('2025-11-17')
  })

  it('reads slots, quoted or not', () => {
    const quoted = '["2025-03-15 14:00:00+00","2025-03-15 16:00:00+00")'
    expect(readSlot(quoted)).toEqual({ start: '2025-03-15 14:00:00+00', end: '2025-03-15 16:00:00+00' })
    expect(readSlot('[2025-03-15T14:00:00.000Z,2025-03-15T16:00:00.000Z)')?.end).toBe('2025-03-15T16:00:00.000Z')
    expect(readSlot('empty')).toBeNull()
    expect(text(showSlot(quoted, NY))).toBe('Mar 15, 2025, 10:00 AM – 12:00 PM')
    expect(text(showSlot('["2025-03-15 14:00:00+00","2025-03-16 16:00:00+00")', NY))).toBe(
      'Mar 15, 2025, 10:00 AM – Mar 16, 2025, 12:00 PM',
    )
  })
})

describe('numbers', () => {
  it.each([
    [2025, '2025'],
    [12500, '12,500'],
    ['12500.25', '12,500.25'],
    ['9223372036854775807', '9223372036854775807'],
    [0, '0'],
  ])('shows %s as %s', (value, shown) => {
    expect(showNumber(value, 'en-US')).toBe(shown)
  })

  it.each([
    ['1,234.5', '1234.5'],
    [' −3 ', '-3'],
    ['1e3', '1e3'],
    ['.5', '.5'],
    ['12a', null],
    ['', null],
  ])('reads the number %j as %j', (input, expected) => {
    expect(readNumber(input)).toBe(expected)
  })

  it.each([
    ['$1,234.50', '1234.50'],
    ['-$5.00', '-5.00'],
    ['($5.00)', '-5.00'],
    ['1234', '1234'],
    ['12.', '12'],
    ['abc', null],
  ])('reads the amount %j as %j', (input, expected) => {
    expect(readMoney(input)).toBe(expected)
  })

  it.each([
    ['12,5', '12.5'],
    ['1.234,50', '1234.50'],
    ['1.234', '1234'],
    ['12.5', '12.5'],
    ['-1.234.567', '-1234567'],
  ])('reads %s in Spanish as %s', (input, expected) => {
    expect(readNumber(input, 'es-ES')).toBe(expected)
    expect(readMoney(input, 'es-ES')).toBe(expected)
  })

  it('fills inputs in the form it reads', () => {
    expect(numberToInput('1234.5', 'es-ES')).toBe('1234,5')
    expect(moneyToInput('$1,234.50', 'es-ES')).toBe('1234,50')
    expect(readMoney(moneyToInput('-$1,234.50', 'es-ES'), 'es-ES')).toBe('-1234.50')
  })

  it('moves money between wire and control', () => {
    expect(moneyToInput('$1,234.50')).toBe('1234.50')
    expect(showMoney('$1,234.50')).toBe('$1,234.50')
    expect(showMoney(12.5)).toBe('$12.50')
  })

  it('formats phones, sizes and points', () => {
    expect(showPhone('5550104477')).toBe('(555) 010-4477')
    expect(showPhone('123')).toBe('123')
    expect(readPhone('+1 (555) 010-4477')).toBe('5550104477')
    expect([0, 1023, 1536, 5 * 1024 ** 3].map(showFileSize)).toEqual(['0 B', '1023 B', '1.5 KB', '5.0 GB'])
    expect(readPoint('SRID=4326;POINT(-83.7 43.01)')).toEqual({ lng: -83.7, lat: 43.01 })
    expect(readPoint('point( 1 2 )')).toEqual({ lng: 1, lat: 2 })
    expect(readPoint('LINESTRING(1 2,3 4)')).toBeNull()
    expect(pointToWire({ lat: 43.01, lng: -83.7 })).toBe('SRID=4326;POINT(-83.7 43.01)')
  })
})
