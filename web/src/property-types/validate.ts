// Checks a draft before it is sent: required, the type's own form, then the rules of the metadata
// with their messages. Pure; tests beside it.

import { readMoney, readPhone } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import type { Property, ValidationRule } from '~/lib/metadata/model'
import type { Draft } from './kinds'
import { kinds } from './registry'

const isEmpty = (draft: Draft): boolean => draft === undefined || draft === null || draft === ''

/** On create a column with a default may stay empty: the database fills it in. */
export function isRequired(property: Property, mode: 'create' | 'edit'): boolean {
  if (property.rules.some((rule) => rule.type === 'required')) return true
  // A switch always has one of its two values.
  if (property.nullable || property.type === 'Boolean') return false
  return mode === 'edit' || property.defaultExpression === null
}

function brokenRule(rule: ValidationRule, draft: string, property: Property): string | undefined {
  const { label } = property
  const limit = Number(rule.value)
  const value = property.type === 'Telephone' ? readPhone(draft) : draft
  const number = Number(readMoney(draft))
  switch (rule.type) {
    case 'min':
      return number < limit ? (rule.message ?? t('check.min', { label, n: limit })) : undefined
    case 'max':
      return number > limit ? (rule.message ?? t('check.max', { label, n: limit })) : undefined
    case 'minLength':
      return value.length < limit ? (rule.message ?? t('check.minLength', { label, n: limit })) : undefined
    case 'maxLength':
      return value.length > limit ? (rule.message ?? t('check.maxLength', { label, n: limit })) : undefined
    case 'pattern':
      return matches(rule.value ?? '', value) ? undefined : (rule.message ?? t('check.pattern', { label }))
  }
  return undefined
}

/** The whole text must match; a pattern the browser cannot read refuses nothing. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(text)
  } catch {
    return true
  }
}

export function checkDraft(property: Property, draft: Draft, mode: 'create' | 'edit'): string | undefined {
  const kind = kinds[property.type]
  if (isEmpty(draft)) {
    if (!isRequired(property, mode)) return undefined
    const kept = property.rules.find((rule) => rule.type === 'required')?.message
    return kept ?? t(kind.choice ? 'check.requiredChoice' : 'check.required', { label: property.label })
  }
  if (typeof draft !== 'string') return undefined
  return (
    kind.check?.(draft, property) ??
    property.rules.map((rule) => brokenRule(rule, draft, property)).find((message) => message !== undefined)
  )
}
