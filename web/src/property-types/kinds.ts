// The contract of a property type: how it is shown, edited, filtered, and how values cross the wire.
// A new type is one file and one line in registry.ts.

import type { ComponentType } from 'react'
import type { Property } from '~/lib/metadata/model'
import type { Condition } from '~/lib/postgrest/query'

/** What a control holds. Undefined: untouched on create, not sent, so the database's default applies. */
export type Draft = string | boolean | null | undefined

export interface DisplayProps {
  property: Property
  value: unknown
  /** `form`: beside a control; references come as plain keys and are looked up. */
  place: 'cell' | 'detail' | 'card' | 'form'
  /** Search words to mark. */
  terms?: readonly string[]
}

export interface FieldProps {
  property: Property
  value: Draft
  onChange: (value: Draft) => void
  /** Id of the control, for its label and for links from the error summary. */
  id: string
  describedBy: string | undefined
  invalid: boolean
  required: boolean
  mode: 'create' | 'edit'
  /** The record being edited, for what belongs to it; absent for a new one. */
  recordId?: string
}

export interface FilterProps {
  property: Property
  /** The conditions of this column that are set now. */
  conditions: readonly Condition[]
  onChange: (conditions: Condition[]) => void
  id: string
}

export interface PropertyKind {
  Display: ComponentType<DisplayProps>
  /** Absent: shown as text in forms. */
  Field?: ComponentType<FieldProps>
  /** The control is a group of inputs with its own labels; the field becomes a fieldset. */
  grouped?: boolean
  /** A choice rather than something typed; changes the wording of messages. */
  choice?: boolean
  Filter?: ComponentType<FilterProps>
  /** The condition in words, for a chip. A component because names may have to be looked up. */
  FilterText?: ComponentType<{ property: Property; conditions: readonly Condition[] }>
  /** Conditions as sent: the address bar's values may need translating (end of day, zone). */
  toConditions?: (property: Property, conditions: readonly Condition[]) => Condition[]
  /** The control's value for a value from the API. */
  fromWire: (wire: unknown, property: Property) => Draft
  /** The value to send; called with a valid, non-empty draft only. */
  toWire: (draft: string | boolean, property: Property) => unknown
  /** Message for a draft that cannot be sent. */
  check?: (draft: string, property: Property) => string | undefined
  /** Numbers and amounts line up at the end of their column. */
  alignEnd?: boolean
}

export const textFromWire = (wire: unknown): Draft => (wire === null || wire === undefined ? null : String(wire))
export const textToWire = (draft: string | boolean): unknown => draft
