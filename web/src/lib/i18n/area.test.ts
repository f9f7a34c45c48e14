import { expect, it } from 'vitest'
import type { Texts } from './area'

const areas = import.meta.glob<{ catalogues: Texts }>('/src/**/texts.ts', { eager: true })
const placeholders = (text: string) => [...new Set([...text.matchAll(/\{\s*(\w+)/g)].map((match) => match[1]))].sort()
/** Words of plural forms are no values. */
const values = (text: string) =>
  placeholders(text.replace(/(?:\b(?:one|other)|=\d+)\s*\{/g, '').replace(/\}\s*\}/g, '}'))

it('finds the areas', () => {
  expect(Object.keys(areas).length).toBeGreaterThan(2)
})

it.each(Object.entries(areas))('%s: every language has the same keys and values', (_, { catalogues }) => {
  expect(Object.keys(catalogues.es).sort()).toEqual(Object.keys(catalogues.en).sort())
  for (const [key, text] of Object.entries(catalogues.en)) {
    expect([key, values(catalogues.es[key] ?? '')]).toEqual([key, values(text)])
  }
})
