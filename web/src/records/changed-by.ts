// Who changed a record last, where its table keeps that in `updated_by`.

import { readRows, type WireRow } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'

const PERSON = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/** A name; null where the table keeps none or this person may not know. */
export async function changedBy(row: WireRow): Promise<string | null> {
  const by = row.updated_by
  if (typeof by !== 'string' || by === '') return null
  if (!PERSON.test(by)) return by
  const read = { table: 'civic_os_users', select: ['full_name', 'display_name'], conditions: [eq('id', by)], limit: 1 }
  const [person] = await readRows(read).catch(() => [])
  const name = person?.full_name ?? person?.display_name
  return typeof name === 'string' && name !== '' ? name : null
}
