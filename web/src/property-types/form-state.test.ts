import { describe, expect, it } from 'vitest'
import { buildModel, type Property } from '~/lib/metadata/model'
import type { PropertyRow } from '~/lib/metadata/schema'
import { entityRow, propertyRow, reference } from '~/lib/metadata/testing'
import { changedColumns, createBody, startCreate, startEdit, updateBody } from './form-state'
import type { Draft } from './kinds'
import { kinds } from './registry'
import { checkDraft, isRequired } from './validate'

function property(udt: string, some: Partial<PropertyRow> = {}): Property {
  const model = buildModel([entityRow('t')], [propertyRow('t', 'c', udt, { display_name: 'Field', ...some })])
  const found = model.property('t', 'c')
  if (!found) throw new Error(udt)
  return found
}

/** udt name, row, what comes from the API, the control's draft, what goes to the API. */
const ROUND_TRIPS: [string, Partial<PropertyRow>, unknown, Draft, unknown][] = [
  ['varchar', {}, 'abc', 'abc', 'abc'],
  ['text', {}, 'a\nb', 'a\nb', 'a\nb'],
  ['int4', {}, 42, '42', 42],
  ['int8', {}, '9223372036854775807', '9223372036854775807', '9223372036854775807'],
  ['numeric', {}, 12.5, '12.5', 12.5],
  ['money', {}, '$1,234.50', '1234.50', '1234.50'],
  ['bool', {}, true, true, true],
  ['bool', {}, false, false, false],
  ['date', {}, '2025-11-23', '2025-11-23', '2025-11-23'],
  ['timestamp', {}, '2025-11-23T14:05:00', '2025-11-23T14:05', '2025-11-23T14:05:00'],
  ['timestamptz', {}, '2025-11-23T19:05:00+00:00', '2025-11-23T14:05', '2025-11-23T19:05:00.000Z'],
  [
    'time_slot',
    {},
    '["2025-11-23 15:00:00+00","2025-11-23 16:30:00+00")',
    '2025-11-23T10:00|2025-11-23T11:30',
    '[2025-11-23T15:00:00.000Z,2025-11-23T16:30:00.000Z)',
  ],
  ['int4', reference('cats'), 3, '3', 3],
  ['int4', { ...reference('statuses', 'metadata'), status_entity_type: 'x' }, 2, '2', 2],
  ['uuid', reference('civic_os_users', 'metadata'), 'u-1', 'u-1', 'u-1'],
  ['email_address', {}, 'a@b.org', 'a@b.org', 'a@b.org'],
  ['phone_number', {}, '5550104477', '(555) 010-4477', '5550104477'],
  ['hex_color', {}, '#3b82f6', '#3b82f6', '#3B82F6'],
  ['geography', { geography_type: 'Point' }, 'POINT(-83.7 43.01)', '43.01,-83.7', 'SRID=4326;POINT(-83.7 43.01)'],
  ['jsonb', {}, { a: 1 }, '{\n  "a": 1\n}', { a: 1 }],
  ['time', {}, '14:30:00', '14:30', '14:30'],
  ['mood', {}, 'happy', 'happy', 'happy'],
  ['_text', {}, ['a', 'b'], '["a","b"]', ['a', 'b']],
  ['_int4', {}, [1, 2], '[1,2]', [1, 2]],
  ['int2', {}, -3, '-3', -3],
  ['float8', {}, 0.1, '0.1', 0.1],
  // More digits than a float carries stay as they are.
  ['numeric', {}, '0.1234567890123456789', '0.1234567890123456789', '0.1234567890123456789'],
  ['bpchar', {}, 'ab ', 'ab ', 'ab '],
  ['json', {}, [1, null], '[\n  1,\n  null\n]', [1, null]],
  [
    'uuid',
    {},
    '0f8fad5b-d9cb-469f-a165-70867728950e',
    '0f8fad5b-d9cb-469f-a165-70867728950e',
    '0f8fad5b-d9cb-469f-a165-70867728950e',
  ],
  ['daterange', {}, '[2025-01-01,2025-01-05)', '[2025-01-01,2025-01-05)', '[2025-01-01,2025-01-05)'],
  ['int4range', {}, '[1,5)', '[1,5)', '[1,5)'],
  ['numrange', {}, '(,2.5]', '(,2.5]', '(,2.5]'],
  [
    'tstzrange',
    {},
    '["2025-07-01 15:00:00+00","2025-07-01 16:00:00+00")',
    '2025-07-01T11:00|2025-07-01T12:00',
    '[2025-07-01T15:00:00.000Z,2025-07-01T16:00:00.000Z)',
  ],
  ['uuid', reference('files', 'metadata'), { id: 'f-1', file_name: 'a.png' }, 'f-1', 'f-1'],
  ['uuid', reference('parcels'), 'p-1', 'p-1', 'p-1'],
  ['money', {}, '-$1,234.50', '-1234.50', '-1234.50'],
]

describe('values between wire and control', () => {
  it.each(ROUND_TRIPS)('%s %j', (udt, some, wire, draft, sent) => {
    const subject = property(udt, some)
    const kind = kinds[subject.type]
    expect(kind.fromWire(wire, subject)).toEqual(draft)
    expect(kind.fromWire(null, subject)).toBeNull()
    if (typeof draft === 'string' || typeof draft === 'boolean') {
      expect(kind.toWire(draft, subject)).toEqual(sent)
      expect(checkDraft(subject, draft, 'edit')).toBeUndefined()
    }
  })

  it('takes the key out of an embedded record', () => {
    const subject = property('int4', reference('cats'))
    expect(kinds.ForeignKeyName.fromWire({ id: 3, display_name: 'Roads' }, subject)).toBe('3')
  })
})

describe('a new record', () => {
  const properties = [
    { ...property('varchar'), column: 'plain' },
    { ...property('int4', { column_default: '5' }), column: 'with_default' },
    { ...property('bool', { is_nullable: false, column_default: 'true' }), column: 'on' },
    { ...property('bool', { is_nullable: false }), column: 'off' },
    { ...property('bool'), column: 'maybe' },
  ]

  it('leaves untouched and emptied fields out, so that defaults apply', () => {
    const drafts = startCreate(properties, {})
    expect(createBody(properties, drafts)).toEqual({ on: true, off: false })
    expect(createBody(properties, { ...drafts, plain: 'x', with_default: null })).toEqual({
      plain: 'x',
      on: true,
      off: false,
    })
  })

  it('starts with values from the address bar', () => {
    expect(startCreate(properties, { plain: 'x', other: 'y' })).toMatchObject({ plain: 'x', with_default: undefined })
  })
})

describe('an edited record', () => {
  const properties = [
    { ...property('varchar'), column: 'a' },
    { ...property('int4'), column: 'b' },
    { ...property('money'), column: 'c' },
  ]
  const before = startEdit(properties, { a: 'x', b: 1, c: '$5.00' })

  it('sends only what changed, and null for what was emptied', () => {
    expect(changedColumns(properties, before, before)).toEqual([])
    expect(updateBody(properties, before, { ...before, b: '2' })).toEqual({ b: 2 })
    expect(updateBody(properties, before, { ...before, a: null })).toEqual({ a: null })
  })
})

describe('checks before sending', () => {
  it('requires what the database requires, but not what it can fill in', () => {
    const plain = property('varchar', { is_nullable: false })
    const defaulted = property('varchar', { is_nullable: false, column_default: "'x'::text" })
    expect([isRequired(plain, 'create'), isRequired(defaulted, 'create'), isRequired(defaulted, 'edit')]).toEqual([
      true,
      false,
      true,
    ])
    expect(checkDraft(plain, undefined, 'create')).toBe('Enter Field.')
    expect(checkDraft(property('int4', { is_nullable: false, ...reference('cats') }), null, 'create')).toBe(
      'Choose Field.',
    )
  })

  it.each<[string, string, string, string | undefined]>([
    ['min', '0', '-1', 'said so'],
    ['min', '0', '0', undefined],
    ['max', '10', '11', 'said so'],
  ])('number rule %s %s for %s', (type, value, draft, expected) => {
    const subject = property('int4', { validation_rules: [{ type, value, message: 'said so' }] })
    expect(checkDraft(subject, draft, 'create')).toBe(expected)
  })

  it.each<[string, string, string, string | undefined]>([
    ['minLength', '3', 'ab', 'said so'],
    ['maxLength', '3', 'abcd', 'said so'],
    ['pattern', '[A-Z]-\\d+', 'P-204', undefined],
    ['pattern', '[A-Z]-\\d+', 'xP-204', 'said so'],
    ['pattern', '^[A-Z]+$', 'ab', 'said so'],
    ['pattern', '(', 'anything', undefined],
    ['pattern', 'cat|dog', 'dog', undefined],
    ['pattern', 'cat|dog', 'catfish', 'said so'],
    ['pattern', 'cat|dog', 'hotdog', 'said so'],
    ['pattern', '^cat$|^dog$', 'dog', undefined],
  ])('text rule %s %s for %s', (type, value, draft, expected) => {
    const subject = property('varchar', { validation_rules: [{ type, value, message: 'said so' }] })
    expect(checkDraft(subject, draft, 'create')).toBe(expected)
  })

  it('falls back to words of its own', () => {
    const subject = property('money', { validation_rules: [{ type: 'min', value: '0', message: null }] })
    expect(checkDraft(subject, '-$1', 'edit')).toBe('Field must be 0 or more.')
  })

  it.each<[string, string]>([
    ['int4', '1.5'],
    ['int4', '2147483648'],
    ['int2', '40000'],
    ['numeric', 'x'],
    ['money', 'x'],
    ['email_address', 'a@b'],
    ['phone_number', '123'],
    ['hex_color', 'red'],
    ['time_slot', '2025-01-01T10:00|2025-01-01T09:00'],
    ['time_slot', '2025-01-01T10:00|'],
    ['uuid', '1'],
    ['json', '{'],
  ])('%s refuses %s', (udt, draft) => {
    expect(checkDraft(property(udt), draft, 'edit')).toBeTypeOf('string')
  })

  it('refuses coordinates off the globe', () => {
    const point = property('geography', { geography_type: 'Point' })
    expect(checkDraft(point, '91,0', 'edit')).toBeTypeOf('string')
    expect(checkDraft(point, '43,', 'edit')).toBeTypeOf('string')
  })

  it('length of a varchar', () => {
    expect(checkDraft(property('varchar', { character_maximum_length: 3 }), 'abcd', 'create')).toContain('3')
  })
})
