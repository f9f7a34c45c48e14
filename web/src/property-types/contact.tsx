// E-mail addresses, phone numbers, web addresses inside text, colours.

import { isHexColor } from '~/lib/color'
import { readPhone, showPhone } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import type { FieldProps, PropertyKind } from './kinds'
import { textFromWire } from './kinds'
import { Marked, TextInput } from './text'

const EMAIL = /^[A-Z0-9._%+-]+@[A-Z0-9.-]+\.[A-Z]{2,}$/i

export const email: PropertyKind = {
  Display: ({ value, place, terms }) =>
    place === 'cell' ? (
      <bdi dir="ltr">
        <Marked text={String(value)} terms={terms} />
      </bdi>
    ) : (
      <a href={`mailto:${String(value)}`} dir="ltr">
        {String(value)}
      </a>
    ),
  Field: (props) => <TextInput {...props} type="email" inputMode="email" autoComplete="email" />,
  fromWire: textFromWire,
  toWire: (draft) => String(draft).trim(),
  check: (draft) => (EMAIL.test(draft.trim()) ? undefined : t('check.email')),
}

export const telephone: PropertyKind = {
  Display: ({ value, place, terms }) => {
    const wire = String(value)
    return place === 'cell' ? (
      <bdi dir="ltr">
        <Marked text={showPhone(wire)} terms={terms} />
      </bdi>
    ) : (
      <a href={/^\d{10}$/.test(wire) ? `tel:+1${wire}` : `tel:${wire}`} dir="ltr">
        {showPhone(wire)}
      </a>
    )
  },
  Field: (props) => <TextInput {...props} type="tel" inputMode="tel" autoComplete="tel" />,
  fromWire: (wire) => (wire === null || wire === undefined ? null : showPhone(String(wire))),
  toWire: (draft) => readPhone(String(draft)),
  check: (draft) => (readPhone(draft).length === 10 ? undefined : t('check.phone')),
}

function ColorField(props: FieldProps) {
  const text = typeof props.value === 'string' ? props.value : ''
  return (
    <div className="co-row">
      <input
        type="color"
        className="co-color-well"
        aria-label={props.property.label}
        value={isHexColor(text) ? text : '#3b82f6'}
        onChange={(event) => props.onChange(event.target.value.toUpperCase())}
      />
      <TextInput {...props} className="co-input-short" />
    </div>
  )
}

export const color: PropertyKind = {
  Display: ({ value }) => {
    const hex = String(value)
    return (
      <span className="co-row co-nowrap" dir="ltr">
        <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true" className="co-swatch">
          <rect x="1" y="1" width="18" height="18" rx="4" fill={isHexColor(hex) ? hex : 'none'} />
        </svg>
        {hex.toUpperCase()}
      </span>
    )
  },
  Field: ColorField,
  fromWire: textFromWire,
  toWire: (draft) => String(draft).trim().toUpperCase(),
  check: (draft, property) => (isHexColor(draft.trim()) ? undefined : t('check.color', { label: property.label })),
}
