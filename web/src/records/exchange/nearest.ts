// The name that was probably meant by one with a slip of the keyboard. Pure; tests beside it.

/** Letters to change, add, leave out or swap; `limit + 1` for anything beyond the limit. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    if (Math.min(...row) > limit) return limit + 1
    before = last
    last = row
  }
  return last[b.length] ?? limit + 1
}

/** Short names are too alike to guess; long ones may have two slips. */
const slips = (length: number) => (length < 4 ? 0 : length < 9 ? 1 : 2)

/** The one name that is nearest, if it is near and no other is as near. */
export function nearest(given: string, names: readonly string[]): string | null {
  const wanted = given.toLocaleLowerCase()
  const limit = slips(wanted.length)
  if (limit === 0) return null
  let best: string | null = null
  let least = limit + 1
  let tied = false
  for (const name of names) {
    const far = distance(wanted, name.toLocaleLowerCase(), Math.min(limit, least))
    if (far < least) [best, least, tied] = [name, far, false]
    else if (far === least) tied = true
  }
  return least <= limit && !tied ? best : null
}
