// Records that a new record is linked with: chosen in its form, written once it has a number.

import { useState } from 'react'
import type { Entity } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import type { Choice } from '~/lib/metadata/queries'
import type { WireRow } from '~/lib/postgrest/client'
import { describeProblem } from '~/lib/problem'
import { LinkPicker } from '~/records/link-picker'
import { changeLinks } from '~/records/links'
import { tx } from './texts'
import type { LinkField } from './use-record-form'

export function useNewLinks(entity: Entity) {
  const model = useModel()
  const [chosen, setChosen] = useState<Readonly<Record<string, readonly Choice[]>>>({})
  // Without a number that comes back there is nothing to link to.
  const properties =
    entity.can.read && entity.idColumn
      ? model
          .properties(entity.key)
          .filter(({ link, onCreate }) => link && onCreate && model.entity(link.junction)?.can.create)
      : []
  const of = (column: string) => chosen[column] ?? []
  const fields: LinkField[] = properties.flatMap(({ column, label, link }) =>
    link
      ? [
          {
            key: column,
            label,
            chosen: of(column).map((choice) => choice.label),
            control: (
              <LinkPicker
                target={link.target}
                label={label}
                selected={of(column)}
                onChange={(selected) => setChosen((all) => ({ ...all, [column]: selected }))}
              />
            ),
          },
        ]
      : [],
  )
  return {
    fields,
    count: properties.reduce((sum, { column }) => sum + of(column).length, 0),
    clear: () => setChosen({}),
    /** Links the new record; what could not be linked comes back in words. */
    save: async (row: WireRow | undefined): Promise<string | null> => {
      const id = entity.idColumn ? row?.[entity.idColumn] : undefined
      if (id === undefined || id === null) return null
      const failures = (
        await Promise.all(
          properties.map(({ column, link }) =>
            link
              ? changeLinks(
                  link,
                  String(id),
                  of(column).map((choice) => choice.id),
                  [],
                )
              : [],
          ),
        )
      ).flat()
      if (failures.length === 0) return null
      return tx('links.notAdded', { n: failures.length, why: describeProblem(failures[0], { attempt: 'create' }).text })
    },
  }
}
