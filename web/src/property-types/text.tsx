// Short and long text, and the plain input that most typed kinds share.

import { type HTMLAttributes, useState } from 'react'
import { Button } from '~/components/button'
import { t } from '~/lib/i18n/t'
import type { Property } from '~/lib/metadata/model'
import type { DisplayProps, FieldProps, PropertyKind } from './kinds'
import { textFromWire, textToWire } from './kinds'

export function Marked({ text, terms }: { text: string; terms: readonly string[] | undefined }) {
  const words = terms?.filter((term) => term.length > 0) ?? []
  if (words.length === 0) return text
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const parts = text.split(new RegExp(`(${escaped.join('|')})`, 'gi'))
  return parts.map((part, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of a fixed text
    index % 2 === 1 ? <mark key={index}>{part}</mark> : part,
  )
}

function LongText({ text, terms }: { text: string; terms: readonly string[] | undefined }) {
  const long = text.length > 900 || text.split('\n').length > 12
  const [open, setOpen] = useState(false)
  return (
    <div>
      <div className={long && !open ? 'co-long-text co-clamped' : 'co-long-text'} dir="auto">
        <Marked text={text} terms={terms} />
      </div>
      {long ? (
        <Button look="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t(open ? 'value.showLess' : 'value.showMore')}
        </Button>
      ) : null}
    </div>
  )
}

function TextDisplay({ value, place, terms }: DisplayProps) {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  if (place === 'detail') return <LongText text={text} terms={terms} />
  return (
    <span dir="auto" className="co-cell-text">
      <Marked text={text} terms={terms} />
    </span>
  )
}

interface InputProps extends FieldProps {
  type?: 'text' | 'email' | 'tel' | 'date' | 'datetime-local' | 'time'
  inputMode?: HTMLAttributes<HTMLInputElement>['inputMode']
  autoComplete?: string
  className?: string
  step?: number
}

export function TextInput({ value, onChange, id, describedBy, invalid, required, ...rest }: InputProps) {
  return (
    <input
      id={id}
      className={`co-input ${rest.className ?? ''}`}
      type={rest.type ?? 'text'}
      inputMode={rest.inputMode}
      autoComplete={rest.autoComplete ?? 'off'}
      step={rest.step}
      dir={rest.type === undefined || rest.type === 'text' ? 'auto' : undefined}
      value={typeof value === 'string' ? value : ''}
      aria-describedby={describedBy}
      aria-invalid={invalid || undefined}
      required={required}
      onChange={(event) => onChange(event.target.value === '' ? null : event.target.value)}
    />
  )
}

function LongTextInput({ value, onChange, id, describedBy, invalid, required }: FieldProps) {
  const text = typeof value === 'string' ? value : ''
  return (
    <textarea
      id={id}
      className="co-input"
      rows={Math.min(16, Math.max(4, text.split('\n').length + 1))}
      dir="auto"
      value={text}
      aria-describedby={describedBy}
      aria-invalid={invalid || undefined}
      required={required}
      onChange={(event) => onChange(event.target.value === '' ? null : event.target.value)}
    />
  )
}

export const shortText: PropertyKind = {
  Display: TextDisplay,
  Field: TextInput,
  fromWire: textFromWire,
  toWire: textToWire,
  check: (draft, property) =>
    property.maxLength !== null && draft.length > property.maxLength
      ? t('check.maxLength', { label: property.label, n: property.maxLength })
      : undefined,
}

export const longText: PropertyKind = { ...shortText, Field: LongTextInput }

export const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i

export const uuid: PropertyKind = {
  ...shortText,
  check: (draft, property) => (UUID.test(draft.trim()) ? undefined : t('check.uuid', { label: property.label })),
  toWire: (draft) => String(draft).trim(),
}

const isArray = (property: Property) => property.udtName.startsWith('_')

function isList(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text))
  } catch {
    return false
  }
}

/** Enums, ranges and other types as their text; arrays as JSON lists. */
export const unknown: PropertyKind = {
  Display: (props) =>
    Array.isArray(props.value) ? (
      <TextDisplay {...props} value={props.value.map(String).join(', ')} />
    ) : (
      <TextDisplay {...props} />
    ),
  Field: TextInput,
  fromWire: (wire) => (typeof wire === 'object' && wire !== null ? JSON.stringify(wire) : textFromWire(wire)),
  toWire: (draft, property) => (isArray(property) ? (JSON.parse(String(draft)) as unknown) : draft),
  check: (draft, property) =>
    isArray(property) && !isList(draft) ? t('check.list', { label: property.label }) : undefined,
}

function JsonInput(props: FieldProps) {
  return (
    <textarea
      id={props.id}
      className="co-input co-code"
      rows={8}
      dir="ltr"
      spellCheck={false}
      value={typeof props.value === 'string' ? props.value : ''}
      aria-describedby={props.describedBy}
      aria-invalid={props.invalid || undefined}
      required={props.required}
      onChange={(event) => props.onChange(event.target.value === '' ? null : event.target.value)}
    />
  )
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

export const json: PropertyKind = {
  Display: ({ value, place }) =>
    place === 'detail' ? (
      <pre className="co-code-block">{JSON.stringify(value, null, 2)}</pre>
    ) : (
      <code className="co-cell-text">{JSON.stringify(value)}</code>
    ),
  Field: JsonInput,
  fromWire: (wire) => (wire === null || wire === undefined ? null : JSON.stringify(wire, null, 2)),
  toWire: (draft) => JSON.parse(String(draft)) as unknown,
  check: (draft, property) => (isJson(draft) ? undefined : t('check.json', { label: property.label })),
}
