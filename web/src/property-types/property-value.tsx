// Shows one value of a record; unset values say so.

import { t } from '~/lib/i18n/t'
import type { DisplayProps } from './kinds'
import { kinds } from './registry'

export function PropertyValue(props: DisplayProps) {
  if (props.value === null || props.value === undefined || props.value === '') {
    return (
      <span className="co-muted">{props.place === 'cell' || props.place === 'card' ? '–' : t('value.notSet')}</span>
    )
  }
  const { Display } = kinds[props.property.type]
  return <Display {...props} />
}
