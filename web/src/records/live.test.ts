import { expect, it } from 'vitest'
import { changedRows } from './live'

it.each([
  [[], [], 0],
  [[{ id: 1, a: 'x' }], [{ id: 1, a: 'x' }], 0],
  [[{ id: 1, a: 'x' }], [{ id: 1, a: 'y' }], 1],
  [[{ id: 1 }, { id: 2 }], [{ id: 2 }, { id: 3 }], 2],
])('%j and %j differ in %d', (before, now, expected) => {
  expect(changedRows(before, now, 'id')).toBe(expected)
})
