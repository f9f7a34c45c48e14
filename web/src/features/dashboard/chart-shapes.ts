// Geometry of charts: scales, bars, lines, slices. Pure; tests beside it.

/** A round number at or above the largest value, with the steps of its scale. */
export function niceScale(largest: number, steps = 4): number[] {
  if (!(largest > 0)) return [0, 1]
  const raw = largest / steps
  const magnitude = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * magnitude).find((candidate) => candidate >= raw) ?? raw
  const count = Math.ceil(largest / step - 1e-9)
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}

export interface Slice {
  path: string
  share: number
}

/** Slices of a pie around (0, 0), clockwise from the top. */
export function slices(values: readonly number[], radius: number): Slice[] {
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0)
  let from = 0
  return values.map((value) => {
    const share = total > 0 ? Math.max(0, value) / total : 0
    const [start, end] = [from * 2 * Math.PI, (from + share) * 2 * Math.PI]
    from += share
    const point = (angle: number) =>
      `${(Math.sin(angle) * radius).toFixed(3)} ${(-Math.cos(angle) * radius).toFixed(3)}`
    // A full circle has no arc between two different points: two halves.
    const path =
      share >= 0.9999
        ? `M0 ${-radius}A${radius} ${radius} 0 1 1 0 ${radius}A${radius} ${radius} 0 1 1 0 ${-radius}Z`
        : `M0 0L${point(start)}A${radius} ${radius} 0 ${share > 0.5 ? 1 : 0} 1 ${point(end)}Z`
    return { path, share }
  })
}

export interface Entry {
  label: string
  value: number
}

/** The largest entries; the rest together as one. */
export function withOther(entries: readonly Entry[], limit: number, other: string): Entry[] {
  if (entries.length <= limit) return [...entries]
  const kept = entries.slice(0, limit - 1)
  const rest = entries.slice(limit - 1).reduce((sum, entry) => sum + entry.value, 0)
  return [...kept, { label: other, value: rest }]
}
