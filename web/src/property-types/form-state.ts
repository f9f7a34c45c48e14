// From a record to drafts and back: what a form starts with, what has changed, what is sent.
// Pure; tests beside it.

import { readDefault } from '~/lib/metadata/defaults'
import type { Property } from '~/lib/metadata/model'
import type { WireRow } from '~/lib/postgrest/client'
import type { Draft } from './kinds'
import { kinds } from './registry'

export type Drafts = Readonly<Record<string, Draft>>

/** A new record: values from the address bar, booleans as the database would set them, else untouched. */
export function startCreate(properties: readonly Property[], search: Readonly<Record<string, string>>): Drafts {
  return Object.fromEntries(
    properties.map((property): [string, Draft] => {
      const given = search[property.column]
      if (given !== undefined && given !== '') return [property.column, kinds[property.type].fromWire(given, property)]
      if (property.type !== 'Boolean' || property.nullable) return [property.column, undefined]
      const fallback = readDefault(property.defaultExpression)
      if (fallback?.kind === 'computed') return [property.column, undefined]
      return [property.column, fallback?.kind === 'literal' && fallback.value === 'true']
    }),
  )
}

export function startEdit(properties: readonly Property[], row: WireRow): Drafts {
  return Object.fromEntries(
    properties.map((property) => [property.column, kinds[property.type].fromWire(row[property.column], property)]),
  )
}

const normal = (draft: Draft): string | boolean | null => (draft === undefined || draft === '' ? null : draft)

export function changedColumns(properties: readonly Property[], before: Drafts, now: Drafts): string[] {
  return properties
    .map((property) => property.column)
    .filter((column) => normal(before[column]) !== normal(now[column]))
}

/** A new row: empty fields are absent, so the database's defaults apply. */
export function createBody(properties: readonly Property[], drafts: Drafts): WireRow {
  const body: WireRow = {}
  for (const property of properties) {
    const draft = normal(drafts[property.column])
    if (draft !== null) body[property.column] = kinds[property.type].toWire(draft, property)
  }
  return body
}

/** An update: only what has changed; an emptied field is an explicit null. */
export function updateBody(properties: readonly Property[], before: Drafts, now: Drafts): WireRow {
  const changed = changedColumns(properties, before, now)
  const body: WireRow = {}
  for (const property of properties) {
    if (!changed.includes(property.column)) continue
    const draft = normal(now[property.column])
    body[property.column] = draft === null ? null : kinds[property.type].toWire(draft, property)
  }
  return body
}
