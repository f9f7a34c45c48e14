// The result of an action that led to another page: "… was added". Stays until the next navigation,
// never disappears on a timer.

import { useSyncExternalStore } from 'react'
import { announce } from './announce'

export interface Flash {
  kind: 'success' | 'info' | 'warning'
  text: string
}

let current: Flash | null = null
/** Path changes still to come before the message goes: one when the action itself navigates. */
let survives = 0
const listeners = new Set<() => void>()

function change(next: Flash | null): void {
  current = next
  for (const listener of listeners) listener()
}

/** Shows a message here (`stay`) or on the page the action leads to. */
export function flash(message: Flash, where: 'here' | 'next-page'): void {
  survives = where === 'next-page' ? 1 : 0
  change(message)
  announce(message.text)
}

/** Called by the shell when the path has changed. */
export function flashNavigated(): void {
  if (survives > 0) survives--
  else if (current) change(null)
}

export const useFlash = (): Flash | null =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => current,
  )
