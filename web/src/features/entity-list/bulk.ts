// Changing and deleting many records: in portions, so that an address stays short, with what was
// before kept for Undo. Pure apart from the requests it is given.

import type { Entity, Property } from '~/lib/metadata/model'
import { updateMany } from '~/lib/postgrest/bulk'
import { deleteRows, readRows, type WireRow } from '~/lib/postgrest/client'
import { NoRowError } from '~/lib/postgrest/errors'
import { type Condition, inList } from '~/lib/postgrest/query'

/** Records per request. */
const PORTION = 100
/** More than this many cannot be selected at once. */
export const SELECTION_LIMIT = 10_000

export function portions<T>(items: readonly T[], size = PORTION): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}

const among = (column: string, ids: readonly string[]): Condition => ({ column, op: 'in', value: inList(ids) })

export interface Outcome {
  done: number
  /** Selected, but not changed: gone or not permitted. */
  left: number
  /** Why it stopped before the end. */
  error: unknown
}

async function inPortions(
  ids: readonly string[],
  work: (portion: string[]) => Promise<number>,
  onProgress: (done: number) => void,
): Promise<Outcome> {
  let done = 0
  let seen = 0
  for (const portion of portions(ids)) {
    try {
      done += await work(portion)
    } catch (error) {
      return { done, left: ids.length - done, error }
    }
    seen += portion.length
    onProgress(seen)
  }
  return { done, left: ids.length - done, error: undefined }
}

/** What a column held, by record, for taking a change back. */
export interface Before {
  column: string
  groups: readonly { value: unknown; ids: readonly string[] }[]
}

export function groupBefore(column: string, idColumn: string, rows: readonly WireRow[]): Before {
  const groups = new Map<string, { value: unknown; ids: string[] }>()
  for (const row of rows) {
    const key = JSON.stringify(row[column] ?? null)
    const group = groups.get(key) ?? { value: row[column] ?? null, ids: [] }
    group.ids.push(String(row[idColumn]))
    groups.set(key, group)
  }
  return { column, groups: [...groups.values()] }
}

export async function changeMany(
  entity: Entity,
  property: Property,
  ids: readonly string[],
  value: unknown,
  onProgress: (done: number) => void,
): Promise<Outcome & { before: Before }> {
  const idColumn = entity.idColumn ?? 'id'
  const before: WireRow[] = []
  const outcome = await inPortions(
    ids,
    async (portion) => {
      const rows = await readRows({
        table: entity.key,
        select: [idColumn, property.column],
        conditions: [among(idColumn, portion)],
      })
      const changed = await updateMany(entity.key, [among(idColumn, portion)], { [property.column]: value }, idColumn)
      const keys = new Set(changed)
      before.push(...rows.filter((row) => keys.has(String(row[idColumn]))))
      return changed.length
    },
    onProgress,
  )
  return { ...outcome, before: groupBefore(property.column, idColumn, before) }
}

export async function undoMany(entity: Entity, { column, groups }: Before): Promise<number> {
  const idColumn = entity.idColumn ?? 'id'
  let done = 0
  for (const { value, ids } of groups) {
    for (const portion of portions(ids)) {
      done += (await updateMany(entity.key, [among(idColumn, portion)], { [column]: value }, idColumn)).length
    }
  }
  return done
}

export function deleteMany(
  entity: Entity,
  ids: readonly string[],
  onProgress: (done: number) => void,
): Promise<Outcome> {
  const idColumn = entity.idColumn ?? 'id'
  return inPortions(
    ids,
    (portion) =>
      deleteRows(entity.key, [among(idColumn, portion)], idColumn).catch((error: unknown) => {
        if (error instanceof NoRowError) return 0
        throw error
      }),
    onProgress,
  )
}
