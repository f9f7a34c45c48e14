// Which columns to ask for, per property type: the fragments of a select and the names to order by.
// Embedding always names the foreign-key column, so two keys to the same table stay distinct.

import type { WireRow } from '~/lib/postgrest/client'
import { aliased, embed } from '~/lib/postgrest/query'
import type { Entity, Model, Property } from './model'
import type { PropertyType } from './property-type'

const USER_FIELDS = ['id', 'display_name', 'full_name', 'phone', 'email']
const STATUS_FIELDS = ['id', 'display_name', 'color', 'is_initial', 'is_terminal']
const FILE_FIELDS = [
  'id',
  'file_name',
  'file_type',
  'file_size',
  's3_key_prefix',
  's3_original_key',
  's3_thumbnail_small_key',
  's3_thumbnail_medium_key',
  's3_thumbnail_large_key',
  'thumbnail_status',
  'thumbnail_error',
  'created_at',
]
const PAYMENT_FIELDS = [
  'id',
  'amount',
  'currency',
  'status',
  'effective_status',
  'total_refunded',
  'refund_count',
  'pending_refund_count',
  'display_name',
  'error_message',
  'created_at',
]

/** The column that names a record of this table; `display_name` when nothing else is known. */
export function labelColumnOf(model: Model, table: string): string | null {
  const entity = model.entity(table)
  return entity ? entity.labelColumn : null
}

/** The fragment that fetches a property for display. */
export function readFragment(model: Model, property: Property): string {
  const { column, ref, link } = property
  switch (property.type) {
    case 'ManyToMany': {
      if (!link || !model.entity(link.target)) return ''
      const label = labelColumnOf(model, link.target) ?? 'id'
      const fields = ['id', aliased('display_name', label), ...(link.targetHasColor ? ['color'] : [])]
      return `${column}:${link.junction}!${link.sourceColumn}(${link.target}!${link.targetColumn}(${fields.join(',')}))`
    }
    case 'File':
    case 'FileImage':
    case 'FilePDF':
      return embed(column, 'files', column, FILE_FIELDS)
    case 'Payment':
      return embed(column, 'payment_transactions', column, PAYMENT_FIELDS)
    case 'Status':
      return embed(column, 'statuses', column, STATUS_FIELDS)
    case 'User':
      return embed(column, 'civic_os_users', column, USER_FIELDS)
    case 'GeoPoint':
      return `${column}:${column}_text`
    default: {
      if (ref?.schema !== 'public') return column
      const label = labelColumnOf(model, ref.table)
      // Without a grant on the other table embedding would fail the whole request: show the raw key.
      if (!label) return column
      return embed(column, ref.table, column, [ref.column, aliased('display_name', label)])
    }
  }
}

/** The fragment that fetches a property for editing: raw keys instead of embedded records. */
export function editFragment(property: Property): string {
  return property.type === 'GeoPoint' ? `${property.column}:${property.column}_text` : property.column
}

const KEY_SUFFIX = '__key'
const EMBEDDED: readonly PropertyType[] = [
  'ForeignKeyName',
  'User',
  'Status',
  'File',
  'FileImage',
  'FilePDF',
  'Payment',
]

/** All fragments of a list or detail, with the id and the record's name. */
export function readSelect(model: Model, entity: Entity, properties: readonly Property[]): string[] {
  const fragments = properties.map((property) => readFragment(model, property)).filter((fragment) => fragment !== '')
  // The raw key travels along: a related record that row security hides must not look like "not set".
  for (const property of properties) {
    if (EMBEDDED.includes(property.type)) fragments.push(`${property.column}${KEY_SUFFIX}:${property.column}`)
  }
  const have = new Set(properties.map((property) => property.column))
  for (const column of [entity.idColumn, entity.labelColumn]) {
    if (column && !have.has(column)) {
      have.add(column)
      fragments.push(column)
    }
  }
  return fragments
}

/** Puts the raw key where an embedded record did not come. */
export function settleKeys(rows: readonly WireRow[]): WireRow[] {
  return rows.map((row) => {
    const settled: WireRow = {}
    for (const [name, value] of Object.entries(row)) if (!name.endsWith(KEY_SUFFIX)) settled[name] = value
    for (const [name, value] of Object.entries(row)) {
      const column = name.slice(0, -KEY_SUFFIX.length)
      if (name.endsWith(KEY_SUFFIX) && settled[column] === null) settled[column] = value
    }
    return settled
  })
}

/** Name to order by: related records by their name, everything else by the column. */
export function orderName(model: Model, property: Property): string {
  switch (property.type) {
    case 'User':
      return `${property.column}(display_name)`
    case 'Status':
      return `${property.column}(sort_order)`
    case 'File':
    case 'FileImage':
    case 'FilePDF':
      return `${property.column}(file_name)`
    case 'ForeignKeyName': {
      const label = property.ref?.schema === 'public' ? labelColumnOf(model, property.ref.table) : null
      return label ? `${property.column}(${label})` : property.column
    }
    default:
      return property.column
  }
}
