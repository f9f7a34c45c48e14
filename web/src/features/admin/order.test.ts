import { expect, it } from 'vitest'
import { moved } from './order'

it.each([
  [1, -1, ['b', 'a', 'c']],
  [1, 1, ['a', 'c', 'b']],
  [0, -1, ['a', 'b', 'c']],
  [2, 1, ['a', 'b', 'c']],
  [7, 1, ['a', 'b', 'c']],
] as const)('moves %i by %i', (from, step, expected) => {
  expect(moved(['a', 'b', 'c'], from, step)).toEqual(expected)
})
