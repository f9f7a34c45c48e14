import { expect, it } from 'vitest'
import { nearest } from './nearest'

it.each([
  ['Raods', ['Roads', 'Parks'], 'Roads'],
  ['roads and pahts', ['Roads and paths', 'Roads'], 'Roads and paths'],
  ['Strret lihgting', ['Street lighting', 'Street cleaning'], 'Street lighting'],
  ['Tres', ['Trees', 'Twice'], 'Trees'],
  // As near to one as to the other, or too far from both.
  ['Bart', ['Cart', 'Dart'], null],
  ['Bart', ['Cart', 'Dart', 'Barts', 'Bartx'], null],
  ['Elsewhere', ['Roads', 'Parks'], null],
  ['ab', ['ac'], null],
  ['Roads', [], null],
])('%s is %s', (given, names, expected) => {
  expect(nearest(given, names)).toBe(expected)
})
