// Metadata as server state: the model, messages of constraints, statuses, choices of references.

import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { readDescription, readRows, readRpc, readView } from '~/lib/postgrest/client'
import { PostgrestError } from '~/lib/postgrest/errors'
import { aliased, type Condition, contains, inList } from '~/lib/postgrest/query'
import type { ConstraintMessage } from '~/lib/problem'
import type { Model } from './model'
import { buildModel, type Property } from './model'
import { parseEntities, parseProperties } from './schema'
import { labelColumnOf } from './select'

export const modelQuery = queryOptions({
  queryKey: ['schema'],
  queryFn: async ({ signal }) => {
    const [entities, properties] = await Promise.all([
      readView('schema_entities', ['table_name'], signal),
      readView('schema_properties', ['table_name', 'column_name'], signal),
    ])
    return buildModel(parseEntities(entities), parseProperties(properties))
  },
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
  structuralSharing: false,
})

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** Versions of the server's metadata; a change means the model is out of date. */
export const versionsQuery = queryOptions({
  queryKey: ['schema-versions'],
  queryFn: async ({ signal }) => {
    const rows = await readView('schema_cache_versions', ['cache_name'], signal)
    return rows.map((row) => `${row.cache_name}=${row.version ?? row.last_updated}`).join(';')
  },
  staleTime: 30_000,
})

const constraintMessagesQuery = queryOptions({
  queryKey: ['schema', 'constraint-messages'],
  queryFn: async ({ signal }): Promise<ConstraintMessage[]> =>
    (await readView('constraint_messages', ['constraint_name', 'table_name', 'column_name'], signal)).flatMap((row) => {
      const constraint = text(row.constraint_name)
      const message = text(row.error_message)
      return constraint && message ? [{ constraint, column: text(row.column_name), text: message }] : []
    }),
  staleTime: Number.POSITIVE_INFINITY,
})

/** Messages kept for the constraint an error names; none when the error is of another kind. */
export async function messagesFor(error: unknown, client: QueryClient): Promise<ConstraintMessage[]> {
  if (!(error instanceof PostgrestError) || !error.code.startsWith('23')) return []
  return client.fetchQuery(constraintMessagesQuery).catch(() => [])
}

export interface Status {
  id: string
  label: string
  color: string | null
  initial: boolean
  terminal: boolean
}

export const statusesQuery = (entityType: string) =>
  queryOptions({
    queryKey: ['schema', 'statuses', entityType],
    queryFn: async ({ signal }): Promise<Status[]> => {
      const rows = await readRpc('get_statuses_for_entity', { p_entity_type: entityType }, signal)
      return rows.map((row) => ({
        id: String(row.id),
        label: text(row.display_name) ?? String(row.id),
        color: text(row.color),
        initial: row.is_initial === true,
        terminal: row.is_terminal === true,
      }))
    },
    staleTime: Number.POSITIVE_INFINITY,
  })

export interface Choice {
  id: string
  label: string
  /** Second line that tells namesakes apart. */
  note?: string
  color?: string | null
}

/** Up to this many choices are offered as a plain select; beyond, the person searches. */
export const SELECT_LIMIT = 200

/** Where the choices of a reference come from. */
interface ChoiceSource {
  table: string
  idColumn: string
  labelColumns: readonly string[]
  noteColumn?: string
}

export function choiceSource(model: Model, property: Pick<Property, 'type' | 'ref'>): ChoiceSource | null {
  if (property.type === 'User') {
    return { table: 'civic_os_users', idColumn: 'id', labelColumns: ['full_name', 'display_name'], noteColumn: 'email' }
  }
  if (property.ref?.schema !== 'public') return null
  const label = labelColumnOf(model, property.ref.table)
  return label ? { table: property.ref.table, idColumn: property.ref.column, labelColumns: [label] } : null
}

async function readChoices(
  source: ChoiceSource,
  filter: { conditions?: Condition[]; anyOf?: Condition[] },
  limit: number,
  signal?: AbortSignal,
): Promise<Choice[]> {
  const { table, idColumn, labelColumns, noteColumn } = source
  const labels = labelColumns.map((column, index) => aliased(`label${index}`, column))
  const rows = await readRows(
    {
      table,
      select: [aliased('key', idColumn), ...labels, ...(noteColumn ? [aliased('note', noteColumn)] : [])],
      order: [...new Set([...labelColumns.slice(-1), idColumn])].map((by) => ({ by, dir: 'asc' as const })),
      limit,
      ...filter,
    },
    signal,
  )
  return rows.map((row) => {
    const label = labelColumns.map((_, index) => row[`label${index}`]).find((value) => value !== null && value !== '')
    return {
      id: String(row.key),
      label: label === undefined ? String(row.key) : String(label),
      note: text(row.note) ?? undefined,
    }
  })
}

/** The first choices; more than SELECT_LIMIT of them means that the table is large. */
export const choicesQuery = (source: ChoiceSource) =>
  queryOptions({
    queryKey: ['choices', source.table, source.idColumn],
    queryFn: ({ signal }) => readChoices(source, {}, SELECT_LIMIT + 1, signal),
    staleTime: 60_000,
  })

export function searchChoices(
  source: ChoiceSource,
  term: string,
  limit: number,
  signal?: AbortSignal,
): Promise<Choice[]> {
  const columns = [...source.labelColumns, ...(source.noteColumn ? [source.noteColumn] : [])]
  return readChoices(source, term ? { anyOf: columns.map((column) => contains(column, term)) } : {}, limit, signal)
}

/** The named choices, for showing values that are already set. */
export const choicesByIdQuery = (source: ChoiceSource, ids: readonly string[]) =>
  queryOptions({
    queryKey: ['choices', source.table, source.idColumn, 'by-id', ...ids],
    queryFn: ({ signal }) =>
      readChoices(
        source,
        { conditions: [{ column: source.idColumn, op: 'in', value: inList(ids) }] },
        ids.length,
        signal,
      ),
    staleTime: 60_000,
    enabled: ids.length > 0,
  })

/** The values of an enumeration, from the API's description; empty for other types. */
export const enumQuery = (table: string, column: string) =>
  queryOptions({
    queryKey: ['schema', 'description'],
    queryFn: ({ signal }) => readDescription(signal),
    staleTime: Number.POSITIVE_INFINITY,
    select: (description): readonly string[] => description.get(`${table}.${column}`) ?? [],
  })
