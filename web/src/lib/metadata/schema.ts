// The edge where metadata enters: rows of the schema views, checked and completed. A row without its
// names is dropped with a console warning instead of stopping the application. By hand, because this is
// part of every first page, where a library for it costs 5 kB.

import type { WireRow } from '~/lib/postgrest/client'

export interface EntityRow {
  table_name: string
  display_name: string | null
  plural_name: string | null
  description: string | null
  sort_order: number | null
  search_fields: string[] | null
  show_map: boolean
  map_property_name: string | null
  show_calendar: boolean
  calendar_property_name: string | null
  calendar_color_property: string | null
  payment_initiation_rpc: string | null
  form_mode: string | null
  select: boolean
  insert: boolean
  update: boolean
  delete: boolean
}

export interface PropertyRow {
  table_name: string
  column_name: string
  display_name: string | null
  description: string | null
  sort_order: number | null
  column_width: number | null
  sortable: boolean
  filterable: boolean
  show_on_list: boolean
  show_on_create: boolean
  show_on_edit: boolean
  show_on_detail: boolean
  column_default: string | null
  is_nullable: boolean
  data_type: string | null
  character_maximum_length: number | null
  udt_name: string
  is_identity: boolean
  is_generated: boolean
  is_updatable: boolean
  join_schema: string | null
  join_table: string | null
  join_column: string | null
  geography_type: string | null
  validation_rules: { type: string; value: string | null; message: string | null }[]
  status_entity_type: string | null
  form_group: string | null
}

const record = (value: unknown): WireRow => (typeof value === 'object' && value !== null ? (value as WireRow) : {})
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null)
const flag = (value: unknown, fallback: boolean): boolean => (typeof value === 'boolean' ? value : fallback)
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

function readEntity(row: WireRow): EntityRow | null {
  const table_name = text(row.table_name)
  if (table_name === null) return null
  return {
    table_name,
    display_name: text(row.display_name),
    plural_name: text(row.plural_name),
    description: text(row.description),
    sort_order: number(row.sort_order),
    search_fields: Array.isArray(row.search_fields) ? row.search_fields.map(String) : null,
    show_map: flag(row.show_map, false),
    map_property_name: text(row.map_property_name),
    show_calendar: flag(row.show_calendar, false),
    calendar_property_name: text(row.calendar_property_name),
    calendar_color_property: text(row.calendar_color_property),
    payment_initiation_rpc: text(row.payment_initiation_rpc),
    form_mode: text(row.form_mode),
    select: flag(row.select, false),
    insert: flag(row.insert, false),
    update: flag(row.update, false),
    delete: flag(row.delete, false),
  }
}

function readRules(value: unknown): PropertyRow['validation_rules'] {
  return list(value).flatMap((entry) => {
    const rule = record(entry)
    const type = text(rule.type)
    return type === null ? [] : [{ type, value: text(rule.value), message: text(rule.message) }]
  })
}

function readProperty(row: WireRow): PropertyRow | null {
  const table_name = text(row.table_name)
  const column_name = text(row.column_name)
  const udt_name = text(row.udt_name)
  if (table_name === null || column_name === null || udt_name === null) return null
  return {
    table_name,
    column_name,
    display_name: text(row.display_name),
    description: text(row.description),
    sort_order: number(row.sort_order),
    column_width: number(row.column_width),
    sortable: flag(row.sortable, true),
    filterable: flag(row.filterable, false),
    show_on_list: flag(row.show_on_list, true),
    show_on_create: flag(row.show_on_create, true),
    show_on_edit: flag(row.show_on_edit, true),
    show_on_detail: flag(row.show_on_detail, true),
    column_default: text(row.column_default),
    is_nullable: flag(row.is_nullable, true),
    data_type: text(row.data_type),
    character_maximum_length: number(row.character_maximum_length),
    udt_name,
    is_identity: flag(row.is_identity, false),
    is_generated: flag(row.is_generated, false),
    is_updatable: flag(row.is_updatable, true),
    join_schema: text(row.join_schema),
    join_table: text(row.join_table),
    join_column: text(row.join_column),
    geography_type: text(row.geography_type),
    validation_rules: readRules(row.validation_rules),
    status_entity_type: text(row.status_entity_type),
    form_group: text(row.form_group),
  }
}

function readRows<T>(name: string, read: (row: WireRow) => T | null, rows: readonly unknown[]): T[] {
  return rows.flatMap((row) => {
    const known = read(record(row))
    if (known !== null) return [known]
    console.warn(`${name}: a row was ignored`, row)
    return []
  })
}

export const parseEntities = (rows: readonly unknown[]) => readRows('schema_entities', readEntity, rows)
export const parseProperties = (rows: readonly unknown[]) => readRows('schema_properties', readProperty, rows)
