import { beforeEach, expect, it, vi } from 'vitest'
import { draftKey, eraseDrafts, readDraft, writeDraft } from './drafts'

const DAY = 24 * 3600 * 1000

beforeEach(() => {
  const store: Record<string, string> = {}
  const methods = {
    getItem: (key: string) => store[key] ?? null,
    setItem: (key: string, value: string) => {
      store[key] = value
    },
    removeItem: (key: string) => {
      delete store[key]
    },
  }
  vi.stubGlobal(
    'localStorage',
    new Proxy(methods, {
      ownKeys: () => Object.keys(store),
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    }),
  )
})

it('keeps a draft for seven days, for one person and record', () => {
  const key = draftKey('ana', 'requests', '7')
  writeDraft(key, { title: 'x', done: true, note: null }, 0)
  expect(readDraft(key, 6 * DAY)?.values).toEqual({ title: 'x', done: true, note: null })
  expect(readDraft(key, 7 * DAY)).toBeNull()
  expect(readDraft(draftKey('lee', 'requests', '7'), 0)).toBeNull()
  expect(readDraft(draftKey('ana', 'requests', null), 0)).toBeNull()
})

it('erases old drafts, or all of them, and nothing else', () => {
  localStorage.setItem('theme', 'dark')
  writeDraft(draftKey('ana', 'a', null), { x: '1' }, 0)
  writeDraft(draftKey('ana', 'b', null), { x: '2' }, 8 * DAY)
  eraseDrafts('old', 8 * DAY)
  expect(readDraft(draftKey('ana', 'a', null), 8 * DAY)).toBeNull()
  expect(readDraft(draftKey('ana', 'b', null), 8 * DAY)).not.toBeNull()
  eraseDrafts('all')
  expect(readDraft(draftKey('ana', 'b', null), 8 * DAY)).toBeNull()
  expect(localStorage.getItem('theme')).toBe('dark')
})

it('survives garbage', () => {
  localStorage.setItem(draftKey('a', 'b', null), '{')
  expect(readDraft(draftKey('a', 'b', null))).toBeNull()
})
