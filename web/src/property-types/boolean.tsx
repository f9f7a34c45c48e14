// Yes or no; nullable columns keep their third state.

import { Icon } from '~/components/icon'
import { t } from '~/lib/i18n/t'
import { ChoiceFilter } from './choice-filter'
import type { FieldProps, FilterProps, PropertyKind } from './kinds'

function BooleanField({ property, value, onChange, id, describedBy, invalid, required }: FieldProps) {
  if (property.nullable) {
    return (
      <select
        id={id}
        className="co-input co-input-short"
        value={value === true ? 'true' : value === false ? 'false' : ''}
        aria-describedby={describedBy}
        aria-invalid={invalid || undefined}
        required={required}
        onChange={(event) => onChange(event.target.value === '' ? null : event.target.value === 'true')}
      >
        <option value="">{t('form.notSet')}</option>
        <option value="true">{t('value.yes')}</option>
        <option value="false">{t('value.no')}</option>
      </select>
    )
  }
  return (
    <span className="co-check-row">
      <input
        id={id}
        type="checkbox"
        className="co-check"
        checked={value === true}
        aria-describedby={describedBy}
        aria-invalid={invalid || undefined}
        onChange={(event) => onChange(event.target.checked)}
      />
    </span>
  )
}

const BooleanFilter = (props: FilterProps) => (
  <ChoiceFilter {...props}>
    <option value="true">{t('filter.yes')}</option>
    <option value="false">{t('filter.no')}</option>
  </ChoiceFilter>
)

export const boolean: PropertyKind = {
  Display: ({ value }) => (
    <span className="co-row co-nowrap co-tight">
      <Icon name={value === true ? 'check' : 'close'} size={16} />
      {t(value === true ? 'value.yes' : 'value.no')}
    </span>
  ),
  Field: BooleanField,
  Filter: BooleanFilter,
  choice: true,
  fromWire: (wire) => (wire === null || wire === undefined ? null : wire === true || wire === 't' || wire === 'true'),
  toWire: (draft) => draft === true || draft === 'true',
}
