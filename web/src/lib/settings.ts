// What people choose for themselves. Kept in this browser, so that the first paint knows it, and for
// who is signed in also in the database (metadata.user_settings), so that it follows them to the next
// device. Half-written forms are not here: what nobody has saved stays on the device it was typed on.

import { useSyncExternalStore } from 'react'
import { readRows, saveRow } from '~/lib/postgrest/client'

/** Names in the database, and where the browser keeps them (the first three as the original client did). */
const KEPT_AS = {
  theme: 'civic-os-theme',
  pageSize: 'civic_os_list_page_size',
  analytics: 'analytics_enabled',
  language: 'civic_os_language',
  zone: 'civic_os_zone',
  compact: 'civic_os_list_compact',
  onePage: 'civic_os_form_one_page',
  letterKeys: 'civic_os_letter_keys',
  menu: 'civic_os_menu',
  emptyFields: 'civic_os_empty_fields',
} as const
export type SettingKey = keyof typeof KEPT_AS

/** Whose choices this browser holds; empty while nobody has signed in. */
const OWNER = 'civic_os_settings_of'

const keys = Object.keys(KEPT_AS) as SettingKey[]
const listeners = new Set<(key: SettingKey) => void>()
let person: string | null = null

export const readSetting = (key: SettingKey): string | null => globalThis.localStorage?.getItem(KEPT_AS[key]) ?? null

function keep(key: SettingKey, value: string | null): void {
  if (readSetting(key) === value) return
  if (value === null) localStorage.removeItem(KEPT_AS[key])
  else localStorage.setItem(KEPT_AS[key], value)
  for (const listener of listeners) listener(key)
}

/** Tells what was changed, also when the choices came from the database. Returns how to stop it. */
export function onSetting(listener: (key: SettingKey) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Null: never chosen. */
export const useSetting = (key: SettingKey): string | null => useSyncExternalStore(onSetting, () => readSetting(key))

/** Takes effect at once; that the database could not be told is no reason to disturb anybody. */
export async function saveSetting(key: SettingKey, value: string): Promise<void> {
  keep(key, value)
  if (person === null) return
  try {
    await saveRow('user_settings', { key, value }, 'metadata')
  } catch (error) {
    console.warn(`the choice of ${key} stays on this device`, error)
  }
}

/** Texts and times are drawn once per page: these choices take effect with the next one. */
const NEXT_PAGE: readonly SettingKey[] = ['language', 'zone']

/**
 * The person's own choices replace those of the browser. True when the page has to be drawn again for one of them.
 */
export async function adoptSettings(id: string): Promise<boolean> {
  person = id
  const before = NEXT_PAGE.map(readSetting)
  const owner = localStorage.getItem(OWNER)
  if (owner !== null && owner !== id) for (const key of keys) keep(key, null)
  localStorage.setItem(OWNER, id)
  const rows = await readRows({ table: 'user_settings', select: ['key', 'value'] }, undefined, 'metadata')
  for (const row of rows) {
    const key = keys.find((known) => known === row.key)
    if (key && typeof row.value === 'string') keep(key, row.value)
  }
  return NEXT_PAGE.some((key, at) => readSetting(key) !== before[at])
}

/** Nobody is signed in any more: choices stay in the browser, changes are no longer anybody's. */
export function releaseSettings(): void {
  person = null
}
