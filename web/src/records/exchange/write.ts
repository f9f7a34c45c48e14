// Sending the rows of an import: new records at once or in portions, changes at once or one by one, and
// the links of both. What the database refuses comes back by its place in the list.

import type { Entity, Property } from '~/lib/metadata/model'
import { insertMany, updateKeyed } from '~/lib/postgrest/bulk'
import { deleteRows, readRows, updateRows, type WireRow } from '~/lib/postgrest/client'
import { NoRowError, PostgrestError } from '~/lib/postgrest/errors'
import { eq, inList } from '~/lib/postgrest/query'
import { changeLinks } from '~/records/links'

export interface Refused {
  /** Place in the list that was sent. */
  at: number
  error: unknown
}

/** What is sent, and how the person follows it. */
export interface Sending {
  entity: Entity
  rows: readonly WireRow[]
  /** Those of the columns that are links; their values are lists of ids. */
  links: readonly Property[]
  signal: AbortSignal
  onProgress: (done: number) => void
}

const PORTION = 500
/** Records that are changed at the same time. */
const LANES = 4

const wire = (key: string) => (/^\d{1,15}$/.test(key) ? Number(key) : key)
const idsOf = (row: WireRow, property: Property) => (row[property.column] as readonly string[] | undefined) ?? []

function ownValues(row: WireRow, links: readonly Property[]): WireRow {
  const own = { ...row }
  for (const property of links) delete own[property.column]
  return own
}

/** Adds records and links them; the records are taken back where their links are refused. */
async function insertLinked({ entity, links, signal }: Sending, rows: readonly WireRow[]): Promise<void> {
  const own = rows.map((row) => ownValues(row, links))
  const columns = [...new Set(own.flatMap((row) => Object.keys(row)))]
  const idColumn = entity.idColumn ?? 'id'
  const linked = rows.some((row) => links.some((property) => idsOf(row, property).length > 0))
  if (!linked) {
    await insertMany(entity.key, own, columns, signal)
    return
  }
  const added = await insertMany(entity.key, own, columns, signal, idColumn)
  try {
    for (const property of links) {
      const { link } = property
      if (!link) continue
      const pairs = rows.flatMap((row, at) =>
        idsOf(row, property).map((id) => ({ [link.sourceColumn]: added[at], [link.targetColumn]: wire(id) })),
      )
      await insertMany(link.junction, pairs, [link.sourceColumn, link.targetColumn], signal)
    }
  } catch (error) {
    for (let from = 0; from < added.length; from += PORTION) {
      const ids = added.slice(from, from + PORTION).map(String)
      // Who may not delete keeps the records; the reason of the refusal is told in any case.
      await deleteRows(entity.key, [{ column: idColumn, op: 'in', value: inList(ids) }], idColumn).catch(() => 0)
    }
    throw error
  }
}

/** All rows or none. */
export async function insertAll(sending: Sending): Promise<Refused[]> {
  await insertLinked(sending, sending.rows)
  return []
}

/** As many rows as the database takes; the others come back with the reason. */
export async function insertSome(sending: Sending): Promise<Refused[]> {
  const { rows, signal, onProgress } = sending
  const refused: Refused[] = []
  for (let from = 0; from < rows.length; from += PORTION) {
    signal.throwIfAborted()
    const portion = rows.slice(from, from + PORTION)
    try {
      await insertLinked(sending, portion)
    } catch {
      // One of them is wrong: each alone, to know which.
      for (const [index, row] of portion.entries()) {
        signal.throwIfAborted()
        await insertLinked(sending, [row]).catch((error: unknown) => {
          signal.throwIfAborted()
          refused.push({ at: from + index, error })
        })
      }
    }
    onProgress(Math.min(rows.length, from + PORTION))
  }
  return refused
}

async function updateOne({ entity, links }: Sending, row: WireRow, key: string): Promise<void> {
  const { [key]: value, ...values } = ownValues(row, links)
  const found = [eq(key, String(value))]
  const idColumn = entity.idColumn ?? 'id'
  const changed =
    Object.keys(values).length > 0
      ? await updateRows(entity.key, found, values)
      : (await readRows({ table: entity.key, select: [idColumn], conditions: found, limit: 1 }))[0]
  const id = changed?.[idColumn]
  if (id === undefined || id === null) return
  for (const property of links) {
    const { link } = property
    if (!link || !(property.column in row)) continue
    const wanted = idsOf(row, property)
    const current = await readRows({
      table: link.junction,
      select: [link.targetColumn],
      conditions: [eq(link.sourceColumn, String(id))],
    })
    const have = current.map((pair) => String(pair[link.targetColumn]))
    const [failure] = await changeLinks(
      link,
      String(id),
      wanted.filter((target) => !have.includes(target)),
      have.filter((target) => !wanted.includes(target)),
    )
    if (failure !== undefined) throw failure
  }
}

/** Changes one record per row, found by the key's value: all of them, or none and the row that was refused. */
export async function updateAll({ entity, rows, signal }: Sending, key: string): Promise<Refused[]> {
  try {
    await updateKeyed(entity.key, key, rows, signal)
    return []
  } catch (error) {
    const row = error instanceof PostgrestError ? /^row (\d+)/.exec(error.hint)?.[1] : undefined
    if (row === undefined) throw error
    const gone = error instanceof PostgrestError && error.code === 'PT404'
    return [{ at: Number(row) - 1, error: gone ? new NoRowError() : error }]
  }
}

/** Changes one record per row, found by the key's value; several at a time. */
export async function updateEach(sending: Sending, key: string): Promise<Refused[]> {
  const { rows, signal, onProgress } = sending
  const refused: Refused[] = []
  let next = 0
  const lane = async () => {
    while (next < rows.length) {
      signal.throwIfAborted()
      const at = next
      next += 1
      const row = rows[at]
      if (row) await updateOne(sending, row, key).catch((error: unknown) => refused.push({ at, error }))
      if (at % 20 === 0) onProgress(at)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  onProgress(rows.length)
  return refused.sort((a, b) => a.at - b.at)
}
