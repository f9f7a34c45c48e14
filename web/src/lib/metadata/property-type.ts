// How a column is shown and edited is decided here, from one row of schema_properties.
// DETECTION is the original client's rule table, first match wins. EXTENSION types what it leaves
// unknown, so that no column of an ordinary table is without an editor. Pure; tests beside it.

const PROPERTY_TYPES = [
  'TextShort',
  'TextLong',
  'Boolean',
  'Date',
  'DateTime',
  'DateTimeLocal',
  'Money',
  'IntegerNumber',
  'DecimalNumber',
  'ForeignKeyName',
  'User',
  'GeoPoint',
  'Color',
  'Email',
  'Telephone',
  'TimeSlot',
  'ManyToMany',
  'File',
  'FileImage',
  'FilePDF',
  'Payment',
  'Status',
  'Time',
  'Uuid',
  'Json',
  'List',
  'Range',
  'Unknown',
] as const
export type PropertyType = (typeof PROPERTY_TYPES)[number]

/** The members of a schema_properties row the decision depends on. */
export interface TypeFacts {
  udt_name: string
  join_schema: string | null
  join_table: string | null
  join_column: string | null
  geography_type: string | null
  status_entity_type: string | null
  validation_rules: readonly { type: string; value: string | null }[]
}

type Rule = (facts: TypeFacts) => PropertyType | undefined

const isInteger = (facts: TypeFacts) => facts.udt_name === 'int4' || facts.udt_name === 'int8'

function fileKind(facts: TypeFacts): PropertyType {
  const accepted = facts.validation_rules.filter((rule) => rule.type === 'fileType').map((rule) => rule.value ?? '')
  if (accepted.some((value) => value.startsWith('image/'))) return 'FileImage'
  return accepted.includes('application/pdf') ? 'FilePDF' : 'File'
}

const isPayment = ({ udt_name, join_table, join_schema }: TypeFacts) =>
  udt_name === 'uuid' &&
  (join_table === 'payment_transactions' || (join_table === 'transactions' && join_schema === 'payments'))

const BY_TYPE_NAME: Readonly<Record<string, PropertyType>> = {
  timestamp: 'DateTime',
  timestamptz: 'DateTimeLocal',
  date: 'Date',
  bool: 'Boolean',
  int4: 'IntegerNumber',
  int8: 'IntegerNumber',
  money: 'Money',
  hex_color: 'Color',
  email_address: 'Email',
  phone_number: 'Telephone',
  time_slot: 'TimeSlot',
  varchar: 'TextShort',
  text: 'TextLong',
}

const DETECTION: readonly Rule[] = [
  (facts) => (facts.status_entity_type && isInteger(facts) && facts.join_column !== null ? 'Status' : undefined),
  (facts) => (facts.udt_name === 'uuid' && facts.join_table === 'files' ? fileKind(facts) : undefined),
  (facts) => (facts.udt_name === 'uuid' && facts.join_table === 'civic_os_users' ? 'User' : undefined),
  (facts) => (isPayment(facts) ? 'Payment' : undefined),
  (facts) => (isInteger(facts) && facts.join_column !== null ? 'ForeignKeyName' : undefined),
  (facts) => (facts.udt_name === 'geography' && facts.geography_type === 'Point' ? 'GeoPoint' : undefined),
  (facts) => BY_TYPE_NAME[facts.udt_name],
]

/** The original client's type of a column; junction detection depends on exactly this. */
export function detectType(facts: TypeFacts): PropertyType {
  for (const rule of DETECTION) {
    const type = rule(facts)
    if (type) return type
  }
  return 'Unknown'
}

const EXTENSION: Readonly<Record<string, PropertyType>> = {
  int2: 'IntegerNumber',
  numeric: 'DecimalNumber',
  float4: 'DecimalNumber',
  float8: 'DecimalNumber',
  bpchar: 'TextShort',
  citext: 'TextShort',
  name: 'TextShort',
  time: 'Time',
  uuid: 'Uuid',
  json: 'Json',
  jsonb: 'Json',
  tstzrange: 'TimeSlot',
  tsrange: 'Range',
  daterange: 'Range',
  int4range: 'Range',
  int8range: 'Range',
  numrange: 'Range',
}

/** The type this client works with: as detected, or extended where the original gives up. */
export function effectiveType(facts: TypeFacts): PropertyType {
  const detected = detectType(facts)
  if (
    facts.join_schema === 'public' &&
    facts.join_column !== null &&
    (detected === 'Unknown' || detected === 'TextShort' || detected === 'TextLong')
  )
    return 'ForeignKeyName'
  if (detected !== 'Unknown') return detected
  // Array types are called by their element's type with an underscore before it.
  return EXTENSION[facts.udt_name] ?? (facts.udt_name.startsWith('_') ? 'List' : 'Unknown')
}
