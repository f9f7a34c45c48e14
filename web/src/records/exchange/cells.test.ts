import { afterEach, describe, expect, it, vi } from 'vitest'
import { countFormatters } from '~/lib/format/testing'
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

// Making one of the browser's formatters takes 0.1 ms and more: with two for every moment, 100,000 rows took 40 seconds.
describe('many cells of a file', () => {
  afterEach(() => vi.restoreAllMocks())

  it('are written and read with few formatters', () => {
    const moments = property('timestamptz')
    const slots = property('time_slot')
    const amounts = property('money')
    const made = countFormatters()
    for (let second = 10; second < 60; second++) {
      const wire = `2025-11-23T22:00:${second}+00:00`
      expect(roundTrip(moments, wire)).toEqual({ value: `2025-11-23T22:00:${second}.000Z` })
      roundTrip(slots, `["2025-11-23 15:00:${second}+00","2025-11-23 16:30:00+00")`)
      expect(roundTrip(amounts, `$1,0${second}.50`)).toEqual({ value: 1000 + second + 0.5 })
    }
    // A zone may be asked for again after a second; each of the rest is made once.
    expect(made()).toBeLessThan(10)
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
    expect(read('int4', 'Raods', some)).toEqual({ error: '“Raods” is not among F. Did you mean “Roads”?' })
  })

  it('finds links by names and numbers, also where a name has a comma', () => {
    const links = buildModel(
      [entityRow('t'), entityRow('tags'), entityRow('t_tags')],
      [
        propertyRow('t', 'id', 'int4'),
        propertyRow('tags', 'id', 'int4'),
        propertyRow('t_tags', 't_id', 'int4', reference('t')),
        propertyRow('t_tags', 'tag_id', 'int4', reference('tags')),
      ],
    ).property('t', 't_tags_m2m')
    if (!links) throw new Error('no links')
    const tags = makeLookup([
      { id: '1', names: ['Roads, paths'] },
      { id: '2', names: ['Roads'] },
      { id: '3', names: ['Trees'] },
      { id: '4', names: ['Twice'] },
      { id: '5', names: ['Twice'] },
    ])
    const given = (cell: Cell) => readCells(links, only(cell), tags, false)
    expect(given('Roads, paths, trees')).toEqual({ value: ['1', '3'] })
    expect(given('roads; 3; Roads')).toEqual({ value: ['2', '3'] })
    expect(given(3)).toEqual({ value: ['3'] })
    expect(given(' , ')).toBe('blank')
    expect(given('Roads, Tres')).toEqual({ error: '“Tres” is not among tags. Did you mean “Trees”?' })
    expect(given('Twice')).toEqual({ error: 'Several records in tags are called “Twice”. Use the number.' })
  })

  it.each<[string, Cell, Partial<PropertyRow>, unknown]>([
    // Section 18.3 of the contract, row by row.
    ['varchar', '  padded ', {}, { value: 'padded' }],
    [
      'varchar',
      'ab',
      { validation_rules: [{ type: 'minLength', value: '3', message: 'Three letters.' }] },
      { error: 'Three letters.' },
    ],
    [
      'varchar',
      'abcd',
      { validation_rules: [{ type: 'maxLength', value: '3', message: 'Not so long.' }] },
      { error: 'Not so long.' },
    ],
    [
      'varchar',
      'x1',
      { validation_rules: [{ type: 'pattern', value: '[a-z]+', message: 'Letters.' }] },
      { error: 'Letters.' },
    ],
    ['varchar', 'abcd', { character_maximum_length: 3 }, { error: 'F can have 3 characters at most.' }],
    ['int4', 7.9, {}, { error: 'F must be a whole number, like 12.' }],
    [
      'int4',
      12,
      { validation_rules: [{ type: 'max', value: '10', message: 'Ten at most.' }] },
      { error: 'Ten at most.' },
    ],
    ['int8', '9223372036854775807', {}, { value: '9223372036854775807' }],
    ['numeric', '12.3456', {}, { value: 12.3456 }],
    ['money', 1234.5, {}, { value: 1234.5 }],
    ['money', 'free', {}, { error: 'F must be an amount, like 1,234.50.' }],
    ['bool', 'TRUE', {}, { value: true }],
    ['bool', 'y', {}, { value: true }],
    ['bool', 'no', {}, { value: false }],
    ['bool', 0, {}, { value: false }],
    ['bool', 'maybe', {}, { error: '“maybe” cannot be read as F.' }],
    ['date', { moment: '2025-11-23T00:00:00' }, {}, { value: '2025-11-23' }],
    ['date', 0, {}, { error: '“0” cannot be read as F.' }],
    ['date', 100_001, {}, { error: '“100001” cannot be read as F.' }],
    ['date', '2025-02-30', {}, { error: '“2025-02-30” cannot be read as F.' }],
    ['timestamp', 45984.5, {}, { value: '2025-11-23T12:00:00' }],
    ['timestamptz', 45984.5, {}, { value: '2025-11-23T17:00:00.000Z' }],
    ['timestamptz', '2025-11-23T17:00:00Z', {}, { value: '2025-11-23T17:00:00.000Z' }],
    ['geography', '43.01,-83.7', { geography_type: 'Point' }, { value: 'SRID=4326;POINT(-83.7 43.01)' }],
    ['geography', 'POINT(-83.7 43.01)', { geography_type: 'Point' }, { value: 'SRID=4326;POINT(-83.7 43.01)' }],
    [
      'geography',
      '95,10',
      { geography_type: 'Point' },
      { error: 'Enter latitude (−90 to 90) and longitude (−180 to 180).' },
    ],
    ['hex_color', '#aabbcc', {}, { value: '#AABBCC' }],
    ['hex_color', 'red', {}, { error: 'F must be a colour, like #3B82F6.' }],
    ['email_address', 'nobody', {}, { error: 'Enter an e-mail address, like name@example.org.' }],
    ['phone_number', '(555) 010-4477', {}, { value: '5550104477' }],
    ['phone_number', '010-4477', {}, { error: 'Enter a phone number with 10 digits, like 555 010 4477.' }],
    ['jsonb', '{"a": 1}', {}, { value: { a: 1 } }],
    ['_text', 'one, two', {}, { value: ['one', 'two'] }],
    ['time', '14:30', {}, { value: '14:30' }],
    ['int4range', '[1,5)', {}, { value: '[1,5)' }],
  ])('%s %j %j', (udt, cell, some, expected) => {
    expect(read(udt, cell, some)).toEqual(expected)
  })

  it('wants both ends of a slot, in order', () => {
    const slot = property('time_slot', { display_name: 'F' })
    const ends = (start: Cell, end: Cell) => readCells(slot, { value: null, name: null, start, end }, undefined, false)
    expect(ends('2025-11-23 10:00', null)).toEqual({ error: 'F needs a start and an end.' })
    expect(ends('2025-11-23 10:00', '2025-11-23 09:00')).toEqual({ error: 'The end must be after the start.' })
    expect(ends('2025-11-23 10:00', '2025-11-23 11:00')).toEqual({
      value: '[2025-11-23T15:00:00.000Z,2025-11-23T16:00:00.000Z)',
    })
    expect(ends(null, null)).toBe('blank')
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
