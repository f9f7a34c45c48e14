import { expect, it } from 'vitest'
import { niceScale, slices, withOther } from './chart-shapes'

it.each([
  [0, [0, 1]],
  [1, [0, 0.25, 0.5, 0.75, 1]],
  [7, [0, 2, 4, 6, 8]],
  [100, [0, 25, 50, 75, 100]],
  [4912, [0, 2000, 4000, 6000]],
])('a scale up to %d', (largest, expected) => {
  expect(niceScale(largest)).toEqual(expected)
})

it('cuts a pie', () => {
  const [half, rest] = slices([1, 1], 10)
  expect(half).toEqual({ share: 0.5, path: 'M0 0L0.000 -10.000A10 10 0 0 1 0.000 10.000Z' })
  expect(rest?.share).toBe(0.5)
  expect(slices([5], 10)[0]?.path).toContain('Z')
  expect(slices([0, 0], 10).map((slice) => slice.share)).toEqual([0, 0])
})

it('puts the small ones together', () => {
  const entries = [5, 3, 2, 1].map((value) => ({ label: String(value), value }))
  expect(withOther(entries, 3, 'Other')).toEqual([
    { label: '5', value: 5 },
    { label: '3', value: 3 },
    { label: 'Other', value: 3 },
  ])
  expect(withOther(entries, 4, 'Other')).toHaveLength(4)
})
