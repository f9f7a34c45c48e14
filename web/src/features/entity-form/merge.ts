// Three versions of a record: as it was when the form opened, as it stands in the form, as somebody
// else saved it meanwhile. Fields that one side changed need no question. Pure; tests beside it.

import type { Property } from '~/lib/metadata/model'
import { changedColumns, type Drafts } from '~/property-types/form-state'
import type { Draft } from '~/property-types/kinds'

export interface Merge {
  /** Changed by both, differently: somebody has to choose. */
  conflicts: readonly Property[]
  /** Changed only here. */
  mine: readonly Property[]
  /** Changed only by the other side, or by both to the same value: taken over. */
  theirs: readonly Property[]
}

export function mergeChanges(properties: readonly Property[], before: Drafts, mine: Drafts, theirs: Drafts): Merge {
  const here = new Set(changedColumns(properties, before, mine))
  const there = new Set(changedColumns(properties, before, theirs))
  const apart = new Set(changedColumns(properties, mine, theirs))
  const both = (property: Property) => here.has(property.column) && there.has(property.column)
  return {
    conflicts: properties.filter((property) => both(property) && apart.has(property.column)),
    mine: properties.filter((property) => here.has(property.column) && !there.has(property.column)),
    theirs: properties.filter(
      (property) => there.has(property.column) && !(both(property) && apart.has(property.column)),
    ),
  }
}

/** The values to save: theirs, with what was changed here and what was chosen. */
export function mergedDrafts(merge: Merge, mine: Drafts, theirs: Drafts, keepMine: ReadonlySet<string>): Drafts {
  const chosen = [...merge.mine, ...merge.conflicts.filter((property) => keepMine.has(property.column))]
  return {
    ...theirs,
    ...Object.fromEntries(chosen.map(({ column }): [string, Draft] => [column, mine[column]])),
  }
}
