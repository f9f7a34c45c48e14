// Media queries as state.

import { useSyncExternalStore } from 'react'

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query)
      media.addEventListener('change', listener)
      return () => media.removeEventListener('change', listener)
    },
    () => matchMedia(query).matches,
  )
}

export const PHONE = '(max-width: 47.99em)'
export const WIDE = '(min-width: 88em)'
export const BELOW_DESKTOP = '(max-width: 61.99em)'
