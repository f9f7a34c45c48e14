// Links between records: rows of a link table, written one by one.

import type { ManyToMany } from '~/lib/metadata/model'
import { deleteRows, insertRow } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'

/** Runs all changes, also after one failed, and gives the failures. */
export async function changeLinks(
  link: ManyToMany,
  id: string,
  added: readonly string[],
  removed: readonly string[],
): Promise<unknown[]> {
  const wire = (key: string) => (/^\d{1,15}$/.test(key) ? Number(key) : key)
  const results = await Promise.allSettled([
    ...added.map((target) =>
      insertRow(link.junction, { [link.sourceColumn]: wire(id), [link.targetColumn]: wire(target) }, false),
    ),
    ...removed.map((target) =>
      deleteRows(link.junction, [eq(link.sourceColumn, id), eq(link.targetColumn, target)], link.targetColumn),
    ),
  ])
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
}
