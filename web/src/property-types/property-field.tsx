// One field of a form: label, help, control, default, error. The only place that wires them together.

import { useQuery } from '@tanstack/react-query'
import { t } from '~/lib/i18n/t'
import { readDefault } from '~/lib/metadata/defaults'
import type { Property } from '~/lib/metadata/model'
import { statusesQuery } from '~/lib/metadata/queries'
import type { Draft } from './kinds'
import { PropertyValue } from './property-value'
import { kinds } from './registry'

export const fieldId = (property: Property): string => `field-${property.column}`

interface PropertyFieldProps {
  property: Property
  /** Keeps the ids of a second form on the page apart. */
  idPrefix?: string
  value: Draft
  onChange: (value: Draft) => void
  error?: string
  required: boolean
  mode: 'create' | 'edit'
  recordId?: string
  /** The value as loaded, when it has been changed since. */
  was?: unknown
  changed?: boolean
  /** What is written at the label: required fields, or, where few are not, those that are optional. */
  mark?: 'required' | 'optional'
  /** The heading of the page says the same. */
  labelHidden?: boolean
}

/** What the database will fill in when the field stays empty. */
function DefaultHint({ property }: { property: Property }) {
  const statuses = useQuery({ ...statusesQuery(property.statusType ?? ''), enabled: property.type === 'Status' })
  const found = readDefault(property.defaultExpression)
  if (!found) return null
  const initial = property.type === 'Status' ? statuses.data?.find((status) => status.initial) : undefined
  if (found.kind === 'computed' && initial) return t('form.default', { value: initial.label })
  if (found.kind === 'now') return t('form.default', { value: t('form.now') })
  if (found.kind === 'today') return t('form.default', { value: t('form.today') })
  const plain =
    found.kind === 'literal' && !['ForeignKeyName', 'User', 'Status', 'Json', 'Uuid'].includes(property.type)
  if (!plain) return t('form.defaultOther')
  return (
    <>
      {t('form.default', { value: '' })}
      <PropertyValue property={property} value={found.value} place="cell" />
    </>
  )
}

export function PropertyField(props: PropertyFieldProps) {
  const { property, idPrefix = '', value, onChange, error, required, mode, recordId, was, changed } = props
  const kind = kinds[property.type]
  const { Field } = kind
  if (!Field) return null
  const id = idPrefix + fieldId(property)
  const withDefault = mode === 'create' && property.defaultExpression !== null && property.type !== 'Boolean'
  const parts = {
    help: property.help ? `${id}-help` : undefined,
    fallback: withDefault ? `${id}-default` : undefined,
    error: error ? `${id}-error` : undefined,
  }
  const describedBy = [parts.help, parts.fallback, parts.error].filter(Boolean).join(' ') || undefined
  const beside = property.type === 'Boolean' && !property.nullable
  const name = (
    <>
      <span dir="auto">{property.label}</span>
      {props.mark === 'optional' ? (
        required || property.type === 'Boolean' ? null : (
          <span className="co-muted"> {t('form.optional')}</span>
        )
      ) : required ? (
        <span aria-hidden="true"> *</span>
      ) : null}
    </>
  )
  const control = (
    <Field
      property={property}
      value={value}
      onChange={onChange}
      id={id}
      describedBy={describedBy}
      invalid={error !== undefined}
      required={required}
      mode={mode}
      recordId={recordId}
    />
  )
  const labelClass = props.labelHidden && !beside && required ? 'co-field-label co-hidden' : 'co-field-label'
  const label = (
    <label htmlFor={id} className={labelClass}>
      {name}
    </label>
  )
  const notes = (
    <>
      {withDefault ? (
        <p id={parts.fallback} className="co-field-note">
          <DefaultHint property={property} />
        </p>
      ) : null}
      {changed && mode === 'edit' ? (
        <p className="co-field-note co-field-was">
          {t('form.was', { value: '' })}
          <PropertyValue property={property} value={was} place="form" />
        </p>
      ) : null}
      {error ? (
        <p id={parts.error} className="co-field-error">
          <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" className="co-icon">
            <path d="M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM7 4.5h2V9H7zM7 10h2v2H7z" fill="currentColor" />
          </svg>
          {error}
        </p>
      ) : null}
    </>
  )
  const help = property.help ? (
    <p id={parts.help} className="co-field-note">
      {property.help}
    </p>
  ) : null
  const className = ['co-field', changed ? 'co-field-changed' : '', property.span >= 2 ? 'co-field-wide' : ''].join(' ')
  if (kind.grouped) {
    return (
      <fieldset className={className} aria-describedby={describedBy}>
        <legend className={labelClass}>{name}</legend>
        {help}
        {control}
        {notes}
      </fieldset>
    )
  }
  return (
    <div className={className}>
      {beside ? (
        <div className="co-row">
          {control}
          {label}
        </div>
      ) : (
        label
      )}
      {help}
      {beside ? null : control}
      {notes}
    </div>
  )
}
