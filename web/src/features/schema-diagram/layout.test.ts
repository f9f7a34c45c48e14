import { expect, it } from 'vitest'
import { layersOf, layOut } from './layout'

const node = (key: string) => ({ key, height: 100 })

it('puts what is pointed at further on', () => {
  const edges = [
    { from: 'order', to: 'request' },
    { from: 'request', to: 'category' },
    { from: 'order', to: 'category' },
  ]
  const layers = layersOf(['order', 'request', 'category', 'alone'].map(node), edges)
  expect(Object.fromEntries(layers)).toEqual({ order: 0, request: 1, category: 2, alone: 0 })
})

it('survives cycles, links to oneself and to unknown tables', () => {
  const edges = [
    { from: 'a', to: 'b' },
    { from: 'b', to: 'a' },
    { from: 'a', to: 'a' },
    { from: 'a', to: 'gone' },
  ]
  const placed = layOut(['a', 'b'].map(node), edges)
  expect(placed).toHaveLength(2)
})

it('lets no boxes overlap', () => {
  const keys = Array.from({ length: 30 }, (_, index) => `t${index}`)
  const edges = keys.slice(1).map((from, index) => ({ from, to: keys[Math.floor(index / 3)] ?? 't0' }))
  const placed = layOut(keys.map(node), edges)
  for (const a of placed) {
    for (const b of placed) {
      if (a !== b && a.x === b.x) expect(a.y + a.height <= b.y || b.y + b.height <= a.y).toBe(true)
    }
  }
})
