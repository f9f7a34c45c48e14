// Why somebody who sees linked records has no button to edit them.

interface Rights {
  create: boolean
  delete: boolean
}

type Why = 'links.signIn' | 'links.needBoth' | 'links.needCreate' | 'links.needDelete'

/**
 * The text that stands in for the button; null where links may be edited. Editing adds and deletes rows of the link
 * table, so it takes both rights; undefined stands for a table that the person does not even see.
 */
export function linksNote(can: Rights | undefined, signedIn: boolean): Why | null {
  if (can?.create && can.delete) return null
  if (!signedIn) return 'links.signIn'
  if (can?.create) return 'links.needDelete'
  return can?.delete ? 'links.needCreate' : 'links.needBoth'
}
