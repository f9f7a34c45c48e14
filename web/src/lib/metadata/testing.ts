// Rows of the schema views for tests.

import type { EntityRow, PropertyRow } from './schema'

export const entityRow = (table_name: string, some: Partial<EntityRow> = {}): EntityRow => ({
  table_name,
  display_name: table_name,
  plural_name: null,
  description: null,
  sort_order: 0,
  search_fields: null,
  show_map: false,
  map_property_name: null,
  show_calendar: false,
  calendar_property_name: null,
  calendar_color_property: null,
  payment_initiation_rpc: null,
  form_mode: null,
  select: true,
  insert: true,
  update: true,
  delete: true,
  ...some,
})

export const propertyRow = (
  table_name: string,
  column_name: string,
  udt_name: string,
  some: Partial<PropertyRow> = {},
): PropertyRow => ({
  table_name,
  column_name,
  display_name: column_name,
  description: null,
  sort_order: 0,
  column_width: null,
  sortable: true,
  filterable: false,
  show_on_list: true,
  show_on_create: true,
  show_on_edit: true,
  show_on_detail: true,
  column_default: null,
  is_nullable: true,
  data_type: '',
  character_maximum_length: null,
  udt_name,
  is_identity: false,
  is_generated: false,
  is_updatable: true,
  join_schema: null,
  join_table: null,
  join_column: null,
  geography_type: null,
  validation_rules: [],
  status_entity_type: null,
  form_group: null,
  ...some,
})

export const reference = (table: string, schema = 'public', column = 'id'): Partial<PropertyRow> => ({
  join_schema: schema,
  join_table: table,
  join_column: column,
})
