import { describe, expect, it } from 'vitest'
import { detectType, effectiveType, type PropertyType, type TypeFacts } from './property-type'

const facts = (some: Partial<TypeFacts>): TypeFacts => ({
  udt_name: 'text',
  join_schema: null,
  join_table: null,
  join_column: null,
  geography_type: null,
  status_entity_type: null,
  validation_rules: [],
  ...some,
})
const file = (value: string | null) =>
  facts({ udt_name: 'uuid', join_table: 'files', join_column: 'id', validation_rules: [{ type: 'fileType', value }] })

const ORIGINAL: [string, TypeFacts, PropertyType][] = [
  ['1 status int4', facts({ status_entity_type: 'issue', udt_name: 'int4', join_column: 'id' }), 'Status'],
  ['1 status int8', facts({ status_entity_type: 'issue', udt_name: 'int8', join_column: 'id' }), 'Status'],
  ['1 status without a join', facts({ status_entity_type: 'issue', udt_name: 'int4' }), 'IntegerNumber'],
  ['1 status of another type', facts({ status_entity_type: 'issue', udt_name: 'int2', join_column: 'id' }), 'Unknown'],
  ['2 image', file('image/png,image/jpeg'), 'FileImage'],
  ['2 any image', file('image/*'), 'FileImage'],
  ['2 pdf exactly', file('application/pdf'), 'FilePDF'],
  ['2 pdf among others', file('application/pdf,text/plain'), 'File'],
  ['2 file without a rule', facts({ udt_name: 'uuid', join_table: 'files', join_column: 'id' }), 'File'],
  ['3 user', facts({ udt_name: 'uuid', join_table: 'civic_os_users', join_column: 'id' }), 'User'],
  ['4 payment view', facts({ udt_name: 'uuid', join_table: 'payment_transactions' }), 'Payment'],
  ['4 payment table', facts({ udt_name: 'uuid', join_table: 'transactions', join_schema: 'payments' }), 'Payment'],
  ['4 other transactions', facts({ udt_name: 'uuid', join_table: 'transactions', join_schema: 'public' }), 'Unknown'],
  ['5 foreign key int4', facts({ udt_name: 'int4', join_table: 'a', join_column: 'id' }), 'ForeignKeyName'],
  ['5 foreign key int8', facts({ udt_name: 'int8', join_table: 'a', join_column: 'id' }), 'ForeignKeyName'],
  ['6 point', facts({ udt_name: 'geography', geography_type: 'Point' }), 'GeoPoint'],
  ['6 polygon', facts({ udt_name: 'geography', geography_type: 'Polygon' }), 'Unknown'],
  ['7', facts({ udt_name: 'timestamp' }), 'DateTime'],
  ['8', facts({ udt_name: 'timestamptz' }), 'DateTimeLocal'],
  ['9', facts({ udt_name: 'date' }), 'Date'],
  ['10', facts({ udt_name: 'bool' }), 'Boolean'],
  ['11 int4', facts({ udt_name: 'int4' }), 'IntegerNumber'],
  ['11 int8', facts({ udt_name: 'int8' }), 'IntegerNumber'],
  ['12', facts({ udt_name: 'money' }), 'Money'],
  ['13', facts({ udt_name: 'hex_color' }), 'Color'],
  ['14', facts({ udt_name: 'email_address' }), 'Email'],
  ['15', facts({ udt_name: 'phone_number' }), 'Telephone'],
  ['16', facts({ udt_name: 'time_slot' }), 'TimeSlot'],
  ['17', facts({ udt_name: 'varchar' }), 'TextShort'],
  ['18', facts({ udt_name: 'text' }), 'TextLong'],
  ...[
    'int2',
    'numeric',
    'float4',
    'float8',
    'bpchar',
    'uuid',
    'json',
    'jsonb',
    'time',
    '_text',
    'mood',
    'tstzrange',
  ].map((name): [string, TypeFacts, PropertyType] => [`19 ${name}`, facts({ udt_name: name }), 'Unknown']),
]

describe('detection of property types', () => {
  it.each(ORIGINAL)('rule %s', (_, given, expected) => {
    expect(detectType(given)).toBe(expected)
  })

  it.each<[string, PropertyType]>([
    ['int2', 'IntegerNumber'],
    ['numeric', 'DecimalNumber'],
    ['float4', 'DecimalNumber'],
    ['float8', 'DecimalNumber'],
    ['bpchar', 'TextShort'],
    ['citext', 'TextShort'],
    ['json', 'Json'],
    ['jsonb', 'Json'],
    ['time', 'Time'],
    ['uuid', 'Uuid'],
    ['tstzrange', 'TimeSlot'],
    ['tsrange', 'Range'],
    ['daterange', 'Range'],
    ['int4range', 'Range'],
    ['int8range', 'Range'],
    ['numrange', 'Range'],
    ['_text', 'List'],
    ['_int4', 'List'],
    ['mood', 'Unknown'],
    ['interval', 'Unknown'],
    ['varchar', 'TextShort'],
    ['timestamptz', 'DateTimeLocal'],
  ])('extends %s to %s', (udt_name, expected) => {
    expect(effectiveType(facts({ udt_name }))).toBe(expected)
  })

  it.each<[string, Partial<TypeFacts>, PropertyType]>([
    [
      'a status wins over a foreign key',
      { status_entity_type: 'issue', udt_name: 'int4', join_table: 'statuses', join_column: 'id' },
      'Status',
    ],
    [
      'an image among the rules wins over a PDF',
      {
        udt_name: 'uuid',
        join_table: 'files',
        validation_rules: [
          { type: 'fileType', value: 'application/pdf' },
          { type: 'fileType', value: 'image/png' },
        ],
      },
      'FileImage',
    ],
    [
      'other rules do not make an image',
      { udt_name: 'uuid', join_table: 'files', validation_rules: [{ type: 'pattern', value: 'image/.*' }] },
      'File',
    ],
    [
      'a rule without a value',
      { udt_name: 'uuid', join_table: 'files', validation_rules: [{ type: 'fileType', value: null }] },
      'File',
    ],
    [
      'files are known by name in every schema',
      { udt_name: 'uuid', join_table: 'files', join_schema: 'other' },
      'File',
    ],
    [
      'a number that points at files is a foreign key',
      { udt_name: 'int8', join_table: 'files', join_column: 'id' },
      'ForeignKeyName',
    ],
    ['a key of another kind of number is unknown', { udt_name: 'int2', join_table: 'a', join_column: 'id' }, 'Unknown'],
    ['geography without a type', { udt_name: 'geography' }, 'Unknown'],
    ['geometry', { udt_name: 'geometry', geography_type: 'Point' }, 'Unknown'],
  ])('%s', (_, some, expected) => {
    expect(detectType(facts(some))).toBe(expected)
  })

  it('treats any key into public as a reference', () => {
    const key = facts({ udt_name: 'uuid', join_schema: 'public', join_table: 'parcels', join_column: 'id' })
    expect(detectType(key)).toBe('Unknown')
    expect(effectiveType(key)).toBe('ForeignKeyName')
  })
})
