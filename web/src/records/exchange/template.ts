// The workbook to fill in: headings, what goes into each column, and a sheet with the choices of each reference.

import type { Model, Property } from '~/lib/metadata/model'
import { isRequired } from '~/property-types/validate'
import { type Cell, columnsOf, isChosen } from './cells'
import { readLookups, type SheetFile, writeWorkbook } from './exchange'
import { type TextKey, tx } from './texts'

const HINTS: Readonly<Partial<Record<Property['type'], TextKey>>> = {
  TextShort: 'hint.text',
  TextLong: 'hint.text',
  Boolean: 'hint.boolean',
  Date: 'hint.date',
  DateTime: 'hint.moment',
  DateTimeLocal: 'hint.moment',
  TimeSlot: 'hint.moment',
  Time: 'hint.time',
  IntegerNumber: 'hint.integer',
  DecimalNumber: 'hint.number',
  Money: 'hint.money',
  GeoPoint: 'hint.point',
  Color: 'hint.color',
  Email: 'hint.email',
  Telephone: 'hint.phone',
  List: 'hint.list',
  Json: 'hint.json',
  Range: 'hint.range',
  Uuid: 'hint.uuid',
}

/** Names of sheets end at 31 characters. */
const sheetFor = (property: Property) => tx('template.options', { label: property.label })

function hintOf(property: Property): string {
  if (property.type === 'ManyToMany') return tx('hint.links', { sheet: sheetFor(property) })
  if (isChosen(property)) return tx('hint.reference', { sheet: sheetFor(property) })
  const rule = (type: string) => property.rules.find((candidate) => candidate.type === type)?.value
  const [least, most] = [rule('min'), rule('max')]
  const longest = rule('maxLength') ?? property.maxLength
  return [
    tx(HINTS[property.type] ?? 'hint.text'),
    least ? tx('hint.min', { n: least }) : '',
    most ? tx('hint.max', { n: most }) : '',
    longest ? tx('hint.longest', { n: longest }) : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
}

export async function makeTemplate(model: Model, properties: readonly Property[], signal: AbortSignal): Promise<Blob> {
  const columns = columnsOf(properties).filter((column) => column.part !== 'name')
  const hints = columns.map(({ header, property }): Cell[] => [
    header,
    hintOf(property),
    tx(isRequired(property, 'create') ? 'template.yes' : 'template.no'),
  ])
  const sheets: SheetFile[] = [
    { name: tx('template.data'), rows: [columns.map((column) => column.header)], headings: 1 },
    {
      name: tx('template.how'),
      rows: [[tx('template.column'), tx('template.what'), tx('template.required')], ...hints],
      headings: 1,
    },
  ]
  const lookups = await readLookups(model, properties, signal)
  for (const property of properties.filter(isChosen)) {
    const choices = lookups.get(property.column)?.choices ?? []
    sheets.push({
      name: sheetFor(property),
      rows: [[tx('template.id'), tx('template.name')], ...choices.map(({ id, name }): Cell[] => [id, name])],
      headings: 1,
    })
  }
  return writeWorkbook(sheets, signal)
}
