// The client's picture of the application: entities, their properties, the links between them.
// Built once from the schema views; everything that renders or edits asks this model and never
// looks at a schema row itself. Pure; tests beside it.

import { detectType, effectiveType, type PropertyType } from './property-type'
import type { EntityRow, PropertyRow } from './schema'

interface Can {
  read: boolean
  create: boolean
  update: boolean
  delete: boolean
}

export interface Entity {
  key: string
  name: string
  /** Name of a list of these records; the same as `name` where metadata has no plural. */
  plural: string
  help?: string
  can: Can
  searchable: boolean
  /** Column that addresses one record; null for tables without an `id`. */
  idColumn: string | null
  /** Column whose text names a record. */
  labelColumn: string | null
  sortOrder: number
  map: string | null
  calendar: { slot: string; color: string | null } | null
  /** Function of the database that starts the payment of a record. */
  paymentFunction: string | null
  /** How new records are asked for; `auto` leaves it to who asks. */
  formMode: 'auto' | 'steps' | 'single'
}

interface Reference {
  schema: string
  table: string
  column: string
}

export interface ValidationRule {
  type: string
  value: string | null
  message: string | null
}

export interface Property {
  table: string
  column: string
  label: string
  help?: string
  type: PropertyType
  udtName: string
  dataType: string
  nullable: boolean
  /** The database's default expression, if it has one. */
  defaultExpression: string | null
  maxLength: number | null
  span: number
  /** Width as configured; null lets the type decide. */
  configuredWidth: number | null
  sortOrder: number
  sortable: boolean
  filterable: boolean
  onList: boolean
  onDetail: boolean
  onCreate: boolean
  onEdit: boolean
  /** False for identity, generated and otherwise fixed columns. */
  writable: boolean
  rules: readonly ValidationRule[]
  ref: Reference | null
  statusType: string | null
  /** The topic under which a form in steps asks for it. */
  formGroup: string | null
  link?: ManyToMany
}

/** One side of a link table: from the owning entity through `junction` to `target`. */
export interface ManyToMany {
  junction: string
  sourceColumn: string
  targetColumn: string
  target: string
  targetHasColor: boolean
}

/** A foreign key that points at an entity. */
export interface InverseRelation {
  source: Entity
  via: Property
}

export interface Model {
  /** Every entity the role has any grant on, in menu order. */
  entities: readonly Entity[]
  entity(key: string): Entity | undefined
  properties(key: string): readonly Property[]
  property(key: string, column: string): Property | undefined
  isJunction(key: string): boolean
  inverse(key: string): readonly InverseRelation[]
}

const WIDE: readonly PropertyType[] = ['TextLong', 'GeoPoint', 'File', 'FileImage', 'FilePDF', 'Json', 'ManyToMany']
const LABEL_CANDIDATES = ['display_name', 'name', 'title', 'subject', 'label', 'code', 'number']
/** Types whose text nobody should type. */
const NOT_EDITABLE = ['geometry', 'geography', 'tsvector', 'bytea', 'xml', 'raster']
const SYSTEM_COLUMNS = ['id', 'created_at', 'updated_at']
const FILTERABLE: readonly PropertyType[] = [
  'ForeignKeyName',
  'User',
  'Status',
  'DateTime',
  'DateTimeLocal',
  'Date',
  'Boolean',
  'IntegerNumber',
  'DecimalNumber',
  'Money',
  'TextShort',
  'TextLong',
  'Email',
  'Telephone',
  'TimeSlot',
  'Time',
  'Color',
  'Uuid',
  'Json',
  'List',
  'Range',
  'GeoPoint',
  'File',
  'FileImage',
  'FilePDF',
  'Payment',
  'Unknown',
]
/** Types the database has no order for: sorting by them is refused. */
const WITHOUT_ORDER = ['json', 'xml', 'point', 'box', 'polygon', 'line', 'lseg', 'path', 'circle']

export const isFilterableType = (type: PropertyType): boolean => FILTERABLE.includes(type)

function toProperty(row: PropertyRow): Property {
  const type = effectiveType(row)
  return {
    table: row.table_name,
    column: row.column_name,
    label: row.display_name ?? row.column_name.replaceAll('_', ' '),
    help: row.description ?? undefined,
    type,
    udtName: row.udt_name,
    dataType: row.data_type ?? '',
    nullable: row.is_nullable,
    defaultExpression: row.column_default,
    maxLength: row.character_maximum_length,
    configuredWidth: row.column_width,
    span: row.column_width ?? (WIDE.includes(type) ? 2 : 1),
    sortOrder: row.sort_order ?? 0,
    sortable: row.sortable && row.column_name !== 'civic_os_text_search' && !WITHOUT_ORDER.includes(row.udt_name),
    filterable: row.filterable && FILTERABLE.includes(type),
    onList: row.show_on_list,
    onDetail: row.show_on_detail,
    onCreate: row.show_on_create,
    onEdit: row.show_on_edit,
    writable:
      !row.is_generated &&
      !row.is_identity &&
      row.is_updatable &&
      !['created_at', 'updated_at'].includes(row.column_name),
    rules: row.validation_rules,
    ref:
      row.join_table && row.join_column
        ? { schema: row.join_schema ?? 'public', table: row.join_table, column: row.join_column }
        : null,
    statusType: row.status_entity_type,
    formGroup: row.form_group,
  }
}

/** A link table has exactly two foreign keys into public and otherwise only system or link columns. */
function linkColumns(rows: readonly PropertyRow[]): [PropertyRow, PropertyRow] | null {
  const isLink = (row: PropertyRow) => ['ForeignKeyName', 'User'].includes(detectType(row))
  const links = rows.filter((row) => row.join_table !== null && row.join_schema === 'public' && isLink(row))
  const rest = rows.every((row) => SYSTEM_COLUMNS.includes(row.column_name) || isLink(row))
  const [first, second] = links
  return links.length === 2 && rest && first && second ? [first, second] : null
}

const byOrder = (a: { sortOrder: number }, b: { sortOrder: number }) => a.sortOrder - b.sortOrder

export function buildModel(entityRows: readonly EntityRow[], propertyRows: readonly PropertyRow[]): Model {
  const rowsByTable = new Map<string, PropertyRow[]>()
  const seen = new Set<string>()
  for (const row of propertyRows) {
    // A column with several relations comes several times; the first one counts.
    const name = `${row.table_name}.${row.column_name}`
    if (seen.has(name)) continue
    seen.add(name)
    const rows = rowsByTable.get(row.table_name)
    if (rows) rows.push(row)
    else rowsByTable.set(row.table_name, [row])
  }

  const properties = new Map<string, Property[]>()
  for (const [table, rows] of rowsByTable) properties.set(table, rows.map(toProperty).sort(byOrder))
  const columnNames = (table: string) => (properties.get(table) ?? []).map((property) => property.column)

  const entities = entityRows.map((row): Entity => {
    const columns = properties.get(row.table_name) ?? []
    const named = LABEL_CANDIDATES.find((candidate) => columns.some((property) => property.column === candidate))
    const firstText = columns.find((property) => property.type === 'TextShort' || property.type === 'TextLong')
    const idColumn = columns.some((property) => property.column === 'id') ? 'id' : null
    return {
      key: row.table_name,
      name: row.display_name ?? row.table_name,
      plural: row.plural_name ?? row.display_name ?? row.table_name,
      help: row.description ?? undefined,
      can: { read: row.select, create: row.insert, update: row.update, delete: row.delete },
      searchable: (row.search_fields?.length ?? 0) > 0,
      idColumn,
      labelColumn: named ?? firstText?.column ?? idColumn,
      sortOrder: row.sort_order ?? 0,
      map: row.show_map ? row.map_property_name : null,
      calendar:
        row.show_calendar && row.calendar_property_name
          ? { slot: row.calendar_property_name, color: row.calendar_color_property }
          : null,
      paymentFunction: row.payment_initiation_rpc,
      formMode: row.form_mode === 'steps' || row.form_mode === 'single' ? row.form_mode : 'auto',
    }
  })
  const byKey = new Map(entities.map((entity) => [entity.key, entity]))

  const junctions = new Set<string>()
  for (const [table, rows] of rowsByTable) {
    const sides = linkColumns(rows)
    if (!sides) continue
    junctions.add(table)
    const [a, b] = sides
    for (const [source, target] of [
      [a, b],
      [b, a],
    ] as const) {
      const owner = source.join_table
      const other = target.join_table
      if (!owner || !other || !properties.has(owner)) continue
      // A table linked to itself gets one field per direction, told apart by the column.
      const selfLink = owner === other
      properties.get(owner)?.push({
        table: owner,
        column: selfLink ? `${table}_${target.column_name}_m2m` : `${table}_m2m`,
        label: selfLink ? (target.display_name ?? target.column_name) : (byKey.get(other)?.plural ?? other),
        type: 'ManyToMany',
        udtName: '',
        dataType: '',
        nullable: true,
        defaultExpression: null,
        maxLength: null,
        span: 2,
        configuredWidth: null,
        sortOrder: 100,
        sortable: false,
        filterable: false,
        onList: false,
        onDetail: true,
        onCreate: true,
        onEdit: true,
        writable: false,
        rules: [],
        ref: null,
        statusType: null,
        formGroup: null,
        link: {
          junction: table,
          sourceColumn: source.column_name,
          targetColumn: target.column_name,
          target: other,
          targetHasColor: columnNames(other).includes('color'),
        },
      })
    }
  }
  for (const list of properties.values()) list.sort(byOrder)

  const inverse = new Map<string, InverseRelation[]>()
  entities.forEach((source) => {
    if (junctions.has(source.key)) return
    for (const via of properties.get(source.key) ?? []) {
      if (via.ref?.schema !== 'public' || via.link) continue
      const list = inverse.get(via.ref.table) ?? []
      list.push({ source, via })
      inverse.set(via.ref.table, list)
    }
  })

  return {
    entities,
    entity: (key) => byKey.get(key),
    properties: (key) => properties.get(key) ?? [],
    property: (key, column) => properties.get(key)?.find((property) => property.column === column),
    isJunction: (key) => junctions.has(key),
    inverse: (key) => inverse.get(key) ?? [],
  }
}

/** Entities for menus: readable and not mere link tables. */
export function menuEntities(model: Model): Entity[] {
  return model.entities.filter((entity) => entity.can.read && !model.isJunction(entity.key))
}

export const listProperties = (model: Model, key: string) =>
  model.properties(key).filter((property) => property.onList && property.column !== 'civic_os_text_search')

export const detailProperties = (model: Model, key: string) =>
  model.properties(key).filter((property) => property.onDetail && property.column !== 'civic_os_text_search')

export const formProperties = (model: Model, key: string, mode: 'create' | 'edit') =>
  model
    .properties(key)
    .filter(
      (property) =>
        property.writable &&
        (mode === 'create' ? property.onCreate : property.onEdit) &&
        property.column !== 'civic_os_text_search' &&
        property.type !== 'ManyToMany' &&
        property.type !== 'Payment' &&
        !(property.type === 'Unknown' && NOT_EDITABLE.includes(property.udtName)),
    )
