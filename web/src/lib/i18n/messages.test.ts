import { expect, it } from 'vitest'
import { en } from './messages-en'
import { es } from './messages-es'

const parameters = (message: string) =>
  [...new Set([...message.matchAll(/\{(\w+)[,}]/g)].map((match) => match[1]))].sort()

it('every language has every message, with the same parameters', () => {
  expect(Object.keys(es).sort()).toEqual(Object.keys(en).sort())
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    expect(parameters(es[key]), key).toEqual(parameters(en[key]))
    expect(es[key].trim(), key).not.toBe('')
  }
})
