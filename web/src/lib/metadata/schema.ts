// The edge where metadata enters: rows of the schema views, checked and completed with zod.
// A row that does not fit is dropped with a console warning instead of stopping the application.

import * as z from 'zod/mini'

const nullableText = z._default(z.nullable(z.string()), null)
const flag = (fallback: boolean) =>
  z.pipe(
    z._default(z.nullable(z.boolean()), fallback),
    z.transform((value: boolean | null) => value ?? fallback),
  )
const optionalNumber = z._default(z.nullable(z.number()), null)

const entityRow = z.object({
  table_name: z.string(),
  display_name: nullableText,
  plural_name: nullableText,
  description: nullableText,
  sort_order: optionalNumber,
  search_fields: z._default(z.nullable(z.array(z.string())), null),
  show_map: flag(false),
  map_property_name: nullableText,
  show_calendar: flag(false),
  calendar_property_name: nullableText,
  calendar_color_property: nullableText,
  payment_initiation_rpc: nullableText,
  form_mode: nullableText,
  select: flag(false),
  insert: flag(false),
  update: flag(false),
  delete: flag(false),
})
export type EntityRow = z.infer<typeof entityRow>

const validationRule = z.object({ type: z.string(), value: nullableText, message: nullableText })

const propertyRow = z.object({
  table_name: z.string(),
  column_name: z.string(),
  display_name: nullableText,
  description: nullableText,
  sort_order: optionalNumber,
  column_width: optionalNumber,
  sortable: flag(true),
  filterable: flag(false),
  show_on_list: flag(true),
  show_on_create: flag(true),
  show_on_edit: flag(true),
  show_on_detail: flag(true),
  column_default: nullableText,
  is_nullable: flag(true),
  data_type: z._default(z.nullable(z.string()), ''),
  character_maximum_length: optionalNumber,
  udt_name: z.string(),
  is_identity: flag(false),
  is_generated: flag(false),
  is_updatable: flag(true),
  join_schema: nullableText,
  join_table: nullableText,
  join_column: nullableText,
  geography_type: nullableText,
  validation_rules: z._default(z.array(validationRule), []),
  status_entity_type: nullableText,
  form_group: nullableText,
})
export type PropertyRow = z.infer<typeof propertyRow>

function parseRows<T>(name: string, schema: z.ZodMiniType<T>, rows: readonly unknown[]): T[] {
  return rows.flatMap((row) => {
    const parsed = z.safeParse(schema, row)
    if (parsed.success) return [parsed.data]
    console.warn(`${name}: a row was ignored`, z.prettifyError(parsed.error))
    return []
  })
}

export const parseEntities = (rows: readonly unknown[]) => parseRows('schema_entities', entityRow, rows)
export const parseProperties = (rows: readonly unknown[]) => parseRows('schema_properties', propertyRow, rows)
