// Settings that save themselves: what is happening to each of them, in words beside it.

import { useState } from 'react'
import { announce } from '~/lib/announce'
import { t } from '~/lib/i18n/t'
import { PostgrestError } from '~/lib/postgrest/errors'
import { describeProblem } from '~/lib/problem'

export type SaveState = { state: 'saving' } | { state: 'saved' } | { state: 'failed'; text: string; retry: () => void }

export interface Autosave {
  stateOf: (key: string) => SaveState | undefined
  /** Runs the save; later saves of the same key replace its state. */
  run: (key: string, save: () => Promise<void>) => Promise<boolean>
}

export function useAutosave(): Autosave {
  const [states, setStates] = useState<Readonly<Record<string, SaveState>>>({})
  const set = (key: string, state: SaveState) => setStates((all) => ({ ...all, [key]: state }))
  const run = async (key: string, save: () => Promise<void>): Promise<boolean> => {
    set(key, { state: 'saving' })
    try {
      await save()
      set(key, { state: 'saved' })
      announce(t('admin.saved'))
      return true
    } catch (error) {
      const { text } = describeProblem(error, { attempt: 'update' })
      set(key, { state: 'failed', text, retry: () => void run(key, save) })
      announce(text, true)
      return false
    }
  }
  return { stateOf: (key) => states[key], run }
}

/** Functions that answer `{success, error}` instead of failing. */
export function assertSuccess(answer: unknown): void {
  const { success, error } = (typeof answer === 'object' && answer !== null ? answer : {}) as {
    success?: unknown
    error?: unknown
  }
  if (success === false) {
    throw new PostgrestError({ status: 400, code: 'P0001', message: typeof error === 'string' ? error : undefined })
  }
}
