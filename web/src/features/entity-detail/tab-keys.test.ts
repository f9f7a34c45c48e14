import { expect, test } from 'vitest'
import { besideTab } from './tab-keys'

test('arrows go to the next tab and around the ends', () => {
  expect(besideTab('ArrowRight', 0, 4, false)).toBe(1)
  expect(besideTab('ArrowRight', 3, 4, false)).toBe(0)
  expect(besideTab('ArrowLeft', 0, 4, false)).toBe(3)
})

test('from right to left the arrows are turned around', () => {
  expect(besideTab('ArrowLeft', 0, 4, true)).toBe(1)
  expect(besideTab('ArrowRight', 0, 4, true)).toBe(3)
})

test('Home and End go to the ends, other keys nowhere', () => {
  expect(besideTab('Home', 2, 4, false)).toBe(0)
  expect(besideTab('End', 2, 4, true)).toBe(3)
  expect(besideTab('Enter', 2, 4, false)).toBeNull()
  expect(besideTab('ArrowDown', 2, 4, false)).toBeNull()
})
