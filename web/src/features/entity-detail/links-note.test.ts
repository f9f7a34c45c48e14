import { expect, test } from 'vitest'
import { linksNote } from './links-note'

test('where links may be edited nothing is explained', () => {
  expect(linksNote({ create: true, delete: true }, true)).toBeNull()
  expect(linksNote({ create: true, delete: true }, false)).toBeNull()
})

test('the note names the right that is missing', () => {
  expect(linksNote({ create: false, delete: false }, true)).toBe('links.needBoth')
  expect(linksNote({ create: false, delete: true }, true)).toBe('links.needCreate')
  expect(linksNote({ create: true, delete: false }, true)).toBe('links.needDelete')
  expect(linksNote(undefined, true)).toBe('links.needBoth')
})

test('whoever has not signed in is told to, first of all', () => {
  expect(linksNote({ create: false, delete: false }, false)).toBe('links.signIn')
  expect(linksNote({ create: true, delete: false }, false)).toBe('links.signIn')
})
