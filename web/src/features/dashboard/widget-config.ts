// What widgets have in their JSON configuration; anything malformed falls back to the default.
// Pure; tests beside it.

import { type Condition, inList, OPERATORS, type Operator } from '~/lib/postgrest/query'

type Config = Readonly<Record<string, unknown>>

export const textOf = (config: Config, key: string): string | undefined =>
  typeof config[key] === 'string' && config[key] !== '' ? config[key] : undefined

export const numberOf = (config: Config, key: string, fallback: number): number =>
  typeof config[key] === 'number' && Number.isFinite(config[key]) ? config[key] : fallback

export function textsOf(config: Config, key: string): string[] | undefined {
  const value = config[key]
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : undefined
}

/** `[{column, operator, value}]`; entries without a column, known operator or value are left out. */
export function conditionsOf(config: Config): Condition[] {
  if (!Array.isArray(config.filters)) return []
  return config.filters.flatMap((entry: unknown): Condition[] => {
    const { column, operator, value } = (typeof entry === 'object' && entry !== null ? entry : {}) as Config
    if (typeof column !== 'string' || !OPERATORS.includes(operator as Operator)) return []
    if (value === null || value === undefined || value === '') return []
    const text = Array.isArray(value) ? inList(value.map(String)) : String(value)
    return [{ column, op: operator as Operator, value: text }]
  })
}

/** The same conditions as a list's query string. */
export function listSearch(conditions: readonly Condition[]): Record<string, string> {
  return Object.fromEntries(
    conditions.flatMap(({ column, op, value }, n) => [
      [`f${n}_col`, column],
      [`f${n}_op`, op],
      [`f${n}_val`, value],
    ]),
  )
}

export interface NavigationTarget {
  url: string
  text: string
}

export function navigationOf(value: unknown): NavigationTarget | null {
  const { url, text } = (typeof value === 'object' && value !== null ? value : {}) as Config
  return typeof url === 'string' && url.startsWith('/') && typeof text === 'string' ? { url, text } : null
}
