// Moving one member of a list; order numbers are the positions. Pure; tests beside it.

/** The list with the member at `from` moved by `step`; the same list when it cannot move. */
export function moved<T>(list: readonly T[], from: number, step: -1 | 1): readonly T[] {
  const to = from + step
  const member = list[from]
  if (member === undefined || to < 0 || to >= list.length) return list
  const rest = [...list.slice(0, from), ...list.slice(from + 1)]
  return [...rest.slice(0, to), member, ...rest.slice(to)]
}
