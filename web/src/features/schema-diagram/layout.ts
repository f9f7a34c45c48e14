// Places boxes in columns along their relations: who is pointed at stands further to the end. Within
// a column boxes stand near what they are linked to. Pure; tests beside it.

export interface Node {
  key: string
  height: number
}

export interface Edge {
  from: string
  to: string
}

export interface Placed {
  key: string
  x: number
  y: number
  height: number
}

export const BOX_WIDTH = 240
const GAP_X = 120
const GAP_Y = 32

/** Depth of each box: 0 for those that nothing points at. Cycles are cut where they are met. */
export function layersOf(nodes: readonly Node[], edges: readonly Edge[]): Map<string, number> {
  const known = new Set(nodes.map((node) => node.key))
  const out = new Map<string, string[]>()
  for (const { from, to } of edges) {
    if (from === to || !known.has(from) || !known.has(to)) continue
    out.set(from, [...(out.get(from) ?? []), to])
  }
  const layers = new Map<string, number>(nodes.map((node) => [node.key, 0]))
  const visit = (key: string, depth: number, path: ReadonlySet<string>) => {
    if (path.has(key) || depth > nodes.length || (layers.get(key) ?? 0) > depth) return
    layers.set(key, Math.max(layers.get(key) ?? 0, depth))
    const next = new Set([...path, key])
    for (const target of out.get(key) ?? []) {
      if ((layers.get(target) ?? 0) < depth + 1) visit(target, depth + 1, next)
    }
  }
  const targets = new Set([...out.values()].flat())
  const roots = nodes.filter((node) => !targets.has(node.key))
  for (const node of roots.length > 0 ? roots : nodes.slice(0, 1)) visit(node.key, 0, new Set())
  return layers
}

export function layOut(nodes: readonly Node[], edges: readonly Edge[]): Placed[] {
  const layers = layersOf(nodes, edges)
  const linked = new Set(edges.filter(({ from, to }) => from !== to).flatMap(({ from, to }) => [from, to]))
  // Boxes without links stand in a column of their own, after the others.
  const last = Math.max(0, ...nodes.filter((node) => linked.has(node.key)).map((node) => layers.get(node.key) ?? 0))
  const columns: Node[][] = []
  for (const node of nodes) {
    const at = linked.has(node.key) ? (layers.get(node.key) ?? 0) : last + 1
    columns[at] ??= []
    columns[at]?.push(node)
  }
  const order = new Map(nodes.map((node, index) => [node.key, index]))
  const neighbours = (key: string) =>
    edges.flatMap(({ from, to }) => (from === key ? [to] : to === key ? [from] : [])).filter((other) => other !== key)
  // A few sweeps towards the middle of the neighbours.
  for (let sweep = 0; sweep < 4; sweep++) {
    for (const column of columns.filter(Boolean)) {
      const weight = (key: string) => {
        const places = neighbours(key).map((other) => order.get(other) ?? 0)
        return places.length > 0 ? places.reduce((sum, place) => sum + place, 0) / places.length : (order.get(key) ?? 0)
      }
      column.sort((a, b) => weight(a.key) - weight(b.key))
      for (const [index, node] of column.entries()) order.set(node.key, index)
    }
  }
  const tall = Math.max(
    0,
    ...columns.filter(Boolean).map((column) => column.reduce((sum, node) => sum + node.height + GAP_Y, 0)),
  )
  return columns.filter(Boolean).flatMap((column, at) => {
    const height = column.reduce((sum, node) => sum + node.height + GAP_Y, -GAP_Y)
    let y = (tall - height) / 2
    return column.map((node): Placed => {
      const placed = { key: node.key, x: at * (BOX_WIDTH + GAP_X), y, height: node.height }
      y += node.height + GAP_Y
      return placed
    })
  })
}
