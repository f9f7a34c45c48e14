// Values between the API and the cells of a spreadsheet, so that what is exported can be imported
// again. Pure; tests beside it.

import { instantToInput, personZone, readInstant, readSlot } from '~/lib/format/dates'
import { readMoney, readPoint } from '~/lib/format/numbers'
import type { Entity, Model, Property } from '~/lib/metadata/model'
import type { WireRow } from '~/lib/postgrest/client'
import { linkedRecords } from '~/property-types/linked-records'
import { kinds } from '~/property-types/registry'
import { checkDraft } from '~/property-types/validate'
import { nearest } from './nearest'
import { tx } from './texts'

export type Cell = null | string | number | boolean | { moment: string }

type Part = 'value' | 'name' | 'start' | 'end'

export interface Column {
  header: string
  property: Property
  part: Part
}

const REFERENCES = ['ForeignKeyName', 'User', 'Status']
const NOT_IMPORTED = ['File', 'FileImage', 'FilePDF', 'Payment']
const NUMBERS = ['IntegerNumber', 'DecimalNumber', 'Money']

const isReference = (property: Property): boolean => REFERENCES.includes(property.type)
const isLink = (property: Property): boolean => property.type === 'ManyToMany'
/** Points at other records, which a cell may name. */
export const isChosen = (property: Property): boolean => isReference(property) || isLink(property)
export const isImported = (property: Property): boolean =>
  property.writable && !NOT_IMPORTED.includes(property.type) && kinds[property.type].Field !== undefined

/** Links that an import may write: the caller adds them and, where existing records change, takes them away. */
export const importedLinks = (model: Model, entity: Entity, update: boolean): Property[] =>
  model.properties(entity.key).filter(({ link, onCreate }) => {
    const can = link && onCreate && entity.idColumn ? model.entity(link.junction)?.can : undefined
    return can?.create && (!update || (can.delete && can.read)) && model.entity(link?.target ?? '')?.can.read
  })

/** References and slots have two columns, everything else one. */
export function columnsOf(properties: readonly Property[]): Column[] {
  return properties.flatMap((property): Column[] => {
    const { label } = property
    if (isReference(property)) {
      return [
        { header: label, property, part: 'value' },
        { header: tx('header.name', { label }), property, part: 'name' },
      ]
    }
    if (property.type === 'TimeSlot') {
      return [
        { header: tx('header.start', { label }), property, part: 'start' },
        { header: tx('header.end', { label }), property, part: 'end' },
      ]
    }
    return [{ header: label, property, part: 'value' }]
  })
}

const record = (value: unknown): WireRow =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as WireRow) : {}

const moment = (wire: string): Cell => {
  const input = instantToInput(wire, personZone())
  return input === '' ? wire : { moment: `${input}:${wire.match(/:\d{2}:(\d{2})/)?.[1] ?? '00'}` }
}

/** The cell of a column for a value as it was read for display. */
export function cellOf({ property, part }: Column, value: unknown): Cell {
  if (value === null || value === undefined) return null
  const object = record(value)
  switch (property.type) {
    case 'ForeignKeyName':
    case 'User':
    case 'Status': {
      const key = object[property.ref?.column ?? 'id'] ?? object.id ?? value
      if (part === 'name') return String(object.full_name ?? object.display_name ?? '')
      return typeof key === 'number' ? key : String(key)
    }
    case 'TimeSlot': {
      const slot = readSlot(String(value))
      return slot ? moment(part === 'end' ? slot.end : slot.start) : String(value)
    }
    case 'DateTimeLocal':
      return moment(String(value))
    case 'Date':
      return { moment: String(value).slice(0, 10) }
    case 'DateTime':
      return { moment: String(value).replace(' ', 'T').slice(0, 19) }
    case 'Money': {
      const plain = readMoney(String(value), 'en-US')
      return plain === null ? String(value) : Number(plain)
    }
    case 'IntegerNumber':
    case 'DecimalNumber':
      return typeof value === 'number' ? value : String(value)
    case 'Boolean':
      return value === true
    case 'GeoPoint': {
      const point = readPoint(String(value))
      return point ? `${point.lat},${point.lng}` : String(value)
    }
    case 'ManyToMany':
      return linkedRecords(value, property.link?.target ?? '')
        .map((linked) => String(linked.display_name ?? linked.id))
        .join(', ')
    case 'File':
    case 'FileImage':
    case 'FilePDF':
      return String(object.file_name ?? '')
    case 'Payment':
      return String(object.display_name ?? object.effective_status ?? '')
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Names and ids of what a reference may point at. */
export interface Lookup {
  ids: ReadonlySet<string>
  /** By name in small letters. */
  byName: ReadonlyMap<string, readonly string[]>
  /** As they are read by people, in the order of the server. */
  choices: readonly { id: string; name: string }[]
}

export function makeLookup(rows: readonly { id: string; names: readonly string[] }[]): Lookup {
  const byName = new Map<string, string[]>()
  for (const { id, names } of rows) {
    for (const name of new Set(names.map((text) => text.trim().toLocaleLowerCase()))) {
      if (name === '') continue
      const ids = byName.get(name)
      if (ids) ids.push(id)
      else byName.set(name, [id])
    }
  }
  const choices = rows.map(({ id, names }) => ({ id, name: names.find((name) => name.trim() !== '') ?? '' }))
  return { ids: new Set(rows.map((row) => row.id)), byName, choices }
}

const two = (value: number) => String(value).padStart(2, '0')

/** The moment if the calendar has it: there is no 30th of February. */
function existing(moment: string): string | null {
  const instant = new Date(`${moment}Z`)
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(moment) ? moment : null
}

/** `YYYY-MM-DDTHH:MM:SS` of what stands in a cell, without a zone; null when it is no moment. */
export function readMoment(cell: Cell, dayFirst: boolean): string | null {
  if (typeof cell === 'object' && cell !== null)
    return cell.moment.length === 10 ? `${cell.moment}T00:00:00` : cell.moment
  if (typeof cell === 'number') {
    // A workbook's own count of days; between 1900 and 2173.
    if (cell < 1 || cell > 100_000) return null
    return new Date(Date.UTC(1899, 11, 30) + Math.round(cell * 86_400) * 1000).toISOString().slice(0, 19)
  }
  if (typeof cell !== 'string') return null
  const text = cell.trim()
  const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?)?$/.exec(text)
  if (iso) return existing(`${iso[1]}-${iso[2]}-${iso[3]}T${iso[4] ?? '00'}:${iso[5] ?? '00'}:${iso[6] ?? '00'}`)
  // With an offset it is an instant: on the clocks of this person.
  if (/^\d{4}-\d{2}-\d{2}[T ].*(Z|[+-]\d{2}:?\d{0,2})$/.test(text) && readInstant(text)) {
    return `${instantToInput(text, personZone())}:00`
  }
  const parts = /^(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:[ ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap]m)?)?$/i.exec(text)
  if (!parts) return null
  const [first, second] = [Number(parts[1]), Number(parts[2])]
  const [day, month] = dayFirst || text.includes('.') ? [first, second] : [second, first]
  const half = parts[7]?.toLowerCase()
  const hour = (Number(parts[4] ?? 0) % (half ? 12 : 24)) + (half === 'pm' ? 12 : 0)
  const result = `${parts[3]}-${two(month)}-${two(day)}T${two(hour)}:${parts[5] ?? '00'}:${parts[6] ?? '00'}`
  return existing(result)
}

const TRUE = ['true', 'yes', '1', 'y', 'sí', 'si', 'x']
const FALSE = ['false', 'no', '0', 'n']

const textOf = (cell: Cell): string =>
  cell === null ? '' : typeof cell === 'object' ? cell.moment : String(cell).trim()

export type Read = { value: unknown } | { error: string } | 'blank'

export interface Cells {
  value: Cell
  name: Cell
  start: Cell
  end: Cell
}

/** Among more names than this nobody is asked whether another was meant. */
const MOST_NAMES = 2000
/** Different wrong names for which a better one is looked for, by list. */
const MOST_GUESSES = 200
const guesses = new WeakMap<Lookup, Map<string, string | null>>()

/** What was probably meant; the same question is answered once. */
function guess(given: string, lookup: Lookup | undefined): string | null {
  if (!lookup || lookup.choices.length > MOST_NAMES) return null
  const known = guesses.get(lookup) ?? new Map<string, string | null>()
  guesses.set(lookup, known)
  const answer = known.get(given)
  if (answer !== undefined || known.size >= MOST_GUESSES) return answer ?? null
  const name = nearest(
    given,
    lookup.choices.map((choice) => choice.name),
  )
  known.set(given, name)
  return name
}

function unknownName(value: string, { label }: Property, lookup: Lookup | undefined, several: boolean): string {
  if (several) return tx('error.several', { value, label })
  const name = guess(value, lookup)
  return name === null ? tx('error.notFound', { value, label }) : tx('error.didYouMean', { value, label, name })
}

function readReference(property: Property, cells: Cells, lookup: Lookup | undefined): Read {
  const [key, name] = [textOf(cells.value), textOf(cells.name)]
  const given = key === '' ? name : key
  if (given === '') return 'blank'
  if (lookup?.ids.has(given)) return { value: kinds[property.type].toWire(given, property) }
  const found = lookup?.byName.get(given.toLocaleLowerCase()) ?? []
  if (found.length === 1) return { value: kinds[property.type].toWire(found[0] ?? '', property) }
  return { error: unknownName(given, property, lookup, found.length > 1) }
}

/** Names or ids separated by commas, where a name may have commas itself: the longest that is known counts. */
function readLinks(property: Property, text: string, lookup: Lookup | undefined): Read {
  const pieces = text.split(/[,;]/).map((piece) => piece.trim())
  const separators = [...text.matchAll(/[,;]\s*/g)].map((match) => match[0])
  const found: string[] = []
  for (let from = 0; from < pieces.length; ) {
    if (pieces[from] === '') {
      from += 1
      continue
    }
    let to = pieces.length
    let ids: readonly string[] = []
    for (; to > from; to--) {
      const name = pieces.slice(from, to).reduce((all, piece, at) => all + (separators[from + at - 1] ?? '') + piece)
      ids = lookup?.byName.get(name.toLocaleLowerCase()) ?? (lookup?.ids.has(name) ? [name] : [])
      if (ids.length > 0) break
    }
    const [id] = ids
    if (id === undefined || ids.length > 1)
      return { error: unknownName(pieces[from] ?? '', property, lookup, ids.length > 1) }
    if (!found.includes(id)) found.push(id)
    from = to
  }
  return found.length === 0 ? 'blank' : { value: found }
}

/** The draft a form would hold for what stands in a cell; null when it cannot be read. */
function draftOf(property: Property, cell: Cell, dayFirst: boolean): string | null {
  const text = textOf(cell)
  switch (property.type) {
    case 'Date':
      return readMoment(cell, dayFirst)?.slice(0, 10) ?? null
    case 'DateTime':
    case 'DateTimeLocal':
      return readMoment(cell, dayFirst)
    case 'Time':
      return typeof cell === 'object' && cell ? cell.moment.slice(11, 19) : text
    case 'Boolean': {
      const word = text.toLocaleLowerCase()
      return TRUE.includes(word) ? 'true' : FALSE.includes(word) ? 'false' : null
    }
    case 'GeoPoint': {
      const point = /point/i.test(text) ? readPoint(text) : null
      return point ? `${point.lat},${point.lng}` : text
    }
    case 'List':
      return text.startsWith('[') ? text : JSON.stringify(text.split(',').map((entry) => entry.trim()))
  }
  if (NUMBERS.includes(property.type) && typeof cell === 'number') {
    const draft = kinds[property.type].fromWire(cell, property)
    return typeof draft === 'string' ? draft : null
  }
  return text
}

/** What a row's cells say for a property: the value to send, nothing, or why not. */
export function readCells(property: Property, cells: Cells, lookup: Lookup | undefined, dayFirst: boolean): Read {
  if (isReference(property)) return readReference(property, cells, lookup)
  if (isLink(property)) return readLinks(property, textOf(cells.value), lookup)
  const kind = kinds[property.type]
  if (property.type === 'TimeSlot') {
    if (textOf(cells.start) === '' && textOf(cells.end) === '') return 'blank'
    const [start, end] = [readMoment(cells.start, dayFirst), readMoment(cells.end, dayFirst)]
    if (!start || !end) return { error: tx('error.slot', { label: property.label }) }
    const draft = `${start.slice(0, 16)}|${end.slice(0, 16)}`
    const problem = checkDraft(property, draft, 'create')
    return problem ? { error: problem } : { value: kind.toWire(draft, property) }
  }
  if (textOf(cells.value) === '') return 'blank'
  const draft = draftOf(property, cells.value, dayFirst)
  if (draft === null) {
    return { error: tx('error.unreadable', { value: textOf(cells.value), label: property.label }) }
  }
  if (property.type === 'Boolean') return { value: draft === 'true' }
  const problem = checkDraft(property, draft, 'create')
  return problem ? { error: problem } : { value: kind.toWire(draft, property) }
}
