import { describe, expect, it } from 'vitest'
import { buildModel, type Property } from '~/lib/metadata/model'
import type { PropertyRow } from '~/lib/metadata/schema'
import { entityRow, propertyRow, reference } from '~/lib/metadata/testing'
import { type Cell, cellOf, columnsOf, makeLookup, readCells, readMoment } from './cells'

function property(udt: string, some: Partial<PropertyRow> = {}): Property {
  const found = buildModel([entityRow('t')], [propertyRow('t', 'c', udt, some)]).property('t', 'c')
  if (!found) throw new Error(udt)
  return found
}

const lookup = makeLookup([
  { id: '3', names: ['Roads'] },
  { id: '4', names: ['Twice'] },
  { id: '5', names: ['twice '] },
])

/** Through a workbook and back. */
function roundTrip(subject: Property, wire: unknown) {
  const cells = { value: null, name: null, start: null, end: null } as Record<string, Cell>
  for (const column of columnsOf([subject])) cells[column.part] = cellOf(column, wire)
  return readCells(subject, cells as never, lookup, false)
}

describe('what is exported is imported again', () => {
  it.each<[string, Partial<PropertyRow>, unknown, unknown]>([
    ['varchar', {}, 'abc', 'abc'],
    ['int4', {}, 2025, 2025],
    ['numeric', {}, 12.5, 12.5],
    ['money', {}, '$1,234.50', 1234.5],
    ['bool', {}, true, true],
    ['bool', {}, false, false],
    ['date', {}, '2025-11-23', '2025-11-23'],
    ['timestamp', {}, '2025-11-23T17:00:00', '2025-11-23T17:00:00'],
    ['timestamptz', {}, '2025-11-23T22:00:00+00:00', '2025-11-23T22:00:00.000Z'],
    [
      'time_slot',
      {},
      '["2025-11-23 15:00:00+00","2025-11-23 16:30:00+00")',
      '[2025-11-23T15:00:00.000Z,2025-11-23T16:30:00.000Z)',
    ],
    ['int4', reference('cats'), { id: 3, display_name: 'Roads' }, 3],
    ['hex_color', {}, '#3b82f6', '#3B82F6'],
    ['email_address', {}, 'a@b.org', 'a@b.org'],
    ['phone_number', {}, '5550104477', '5550104477'],
    ['geography', { geography_type: 'Point' }, 'POINT(-83.7 43.01)', 'SRID=4326;POINT(-83.7 43.01)'],
    ['_text', {}, ['a', 'b'], ['a', 'b']],
    ['jsonb', {}, { a: 1 }, { a: 1 }],
    ['daterange', {}, '[2025-01-01,2025-01-05)', '[2025-01-01,2025-01-05)'],
  ])('%s %j %j', (udt, some, wire, sent) => {
    expect(roundTrip(property(udt, some), wire)).toEqual({ value: sent })
    expect(roundTrip(property(udt, some), null)).toBe('blank')
  })
})

const only = (value: Cell) => ({ value, name: null, start: null, end: null })
const read = (udt: string, value: Cell, some: Partial<PropertyRow> = {}) =>
  readCells(property(udt, { display_name: 'F', ...some }), only(value), lookup, false)

describe('what people type', () => {
  it.each<[string, Cell, unknown]>([
    ['bool', 'Yes', { value: true }],
    ['bool', 'n', { value: false }],
    ['bool', 1, { value: true }],
    ['int4', '42', { value: 42 }],
    ['int4', 'x', { error: 'F must be a whole number, like 12.' }],
    ['money', '$ 1,234.50', { value: '1234.50' }],
    ['date', '11/23/2025', { value: '2025-11-23' }],
    ['date', 45984, { value: '2025-11-23' }],
    ['date', 'soon', { error: '“soon” cannot be read as F.' }],
    ['timestamptz', '2025-11-23 17:00', { value: '2025-11-23T22:00:00.000Z' }],
    ['timestamp', '11/23/2025 5:00 PM', { value: '2025-11-23T17:00:00' }],
    ['varchar', '   ', 'blank'],
  ])('%s %j', (udt, cell, expected) => {
    expect(read(udt, cell)).toEqual(expected)
  })

  it('finds references by number or name', () => {
    const some = reference('cats')
    expect(read('int4', '3', some)).toEqual({ value: 3 })
    expect(read('int4', ' roads ', some)).toEqual({ value: 3 })
    expect(read('int4', 'Twice', some)).toEqual({ error: 'Several records in F are called “Twice”. Use the number.' })
    expect(read('int4', 'Raods', some)).toEqual({ error: '“Raods” is not among F.' })
  })

  it('follows the rules of the metadata', () => {
    const rules = [{ type: 'min', value: '5', message: 'At least five.' }]
    expect(read('int4', 3, { validation_rules: rules })).toEqual({ error: 'At least five.' })
  })
})

it('reads days first where that is the habit', () => {
  expect(readMoment('3.4.2025', false)).toBe('2025-04-03T00:00:00')
  expect(readMoment('3/4/2025', true)).toBe('2025-04-03T00:00:00')
  expect(readMoment('3/4/2025', false)).toBe('2025-03-04T00:00:00')
})
