// Gives every page the model; the shell provides it once it is loaded.

import { createContext, useContext } from 'react'
import type { Model } from './model'

export const ModelContext = createContext<Model | null>(null)

export function useModel(): Model {
  const model = useContext(ModelContext)
  if (!model) throw new Error('useModel outside of the shell')
  return model
}
