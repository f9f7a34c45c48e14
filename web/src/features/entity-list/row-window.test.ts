import { expect, test } from 'vitest'
import { placeRows } from './row-window'

const at = (index: number, height = 45, between = 0) => ({
  index,
  start: index * (height + between),
  end: index * (height + between) + height,
})

test.each([
  ['all of three', [at(0), at(1), at(2)], 135, 0, [0, 0, 0], 0],
  ['a window in the middle', [at(4), at(5)], 450, 0, [180, 0], 180],
  ['a kept row before the window', [at(0), at(6), at(7)], 450, 0, [0, 225, 0], 90],
  ['a kept row after it', [at(0), at(1), at(9)], 450, 0, [0, 0, 315], 0],
  ['cards with space between them', [at(0, 100, 12), at(5, 100, 12)], 1108, 12, [0, 448], 448],
  ['nothing', [], 0, 0, [], 0],
])('space stands for what is left out: %s', (_, items, total, between, gaps, tail) => {
  const placed = placeRows(items, total, between)
  expect(placed.drawn.map(({ gap }) => gap)).toEqual(gaps)
  expect(placed.tail).toBe(tail)
})
