// A filter with a handful of answers, sent as `is`.

import type { ReactNode } from 'react'
import { t } from '~/lib/i18n/t'
import type { FilterProps } from './kinds'

export function ChoiceFilter({ property, conditions, onChange, id, children }: FilterProps & { children: ReactNode }) {
  const current = conditions.find((condition) => condition.op === 'is' || condition.op === 'eq')?.value ?? ''
  return (
    <select
      id={id}
      className="co-input"
      aria-label={property.label}
      value={current}
      onChange={(event) =>
        onChange(event.target.value === '' ? [] : [{ column: property.column, op: 'is', value: event.target.value }])
      }
    >
      <option value="">{t('filter.any')}</option>
      {children}
    </select>
  )
}
