// The filters of a list: on large screens a panel beside the table that applies at once, on phones a
// sheet that applies on its button. Chips name what is active.

import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { Icon } from '~/components/icon'
import { showDate } from '~/lib/format/dates'
import { t } from '~/lib/i18n/t'
import type { Property } from '~/lib/metadata/model'
import type { Condition } from '~/lib/postgrest/query'
import { kinds } from '~/property-types/registry'
import type { filterCount } from './list-query'
import { tx } from './texts'

const ofColumn = (filters: readonly Condition[], column: string) => filters.filter((filter) => filter.column === column)

const replaced = (filters: readonly Condition[], column: string, next: readonly Condition[]) => [
  ...filters.filter((filter) => filter.column !== column),
  ...next,
]

interface FilterFieldsProps {
  properties: readonly Property[]
  filters: readonly Condition[]
  onChange: (filters: Condition[]) => void
}

function FilterFields({ properties, filters, onChange }: FilterFieldsProps) {
  const id = useId()
  return (
    <div className="co-filter-fields">
      {properties.map((property) => {
        const { Filter } = kinds[property.type]
        if (!Filter) return null
        return (
          <fieldset key={property.column}>
            <legend className="co-filter-legend">{property.label}</legend>
            <Filter
              property={property}
              conditions={ofColumn(filters, property.column)}
              onChange={(next) => onChange(replaced(filters, property.column, next))}
              id={`${id}-${property.column}`}
            />
          </fieldset>
        )
      })}
    </div>
  )
}

export function FilterPanel({ onClose, ...fields }: FilterFieldsProps & { onClose: () => void }) {
  const headingId = useId()
  return (
    <section className="co-card co-filter-panel" aria-labelledby={headingId}>
      <div className="co-spread">
        <h2 id={headingId}>{t('list.filters')}</h2>
        <Button look="quiet" icon="close" iconOnly onClick={onClose}>
          {t('app.close')}
        </Button>
      </div>
      <FilterFields {...fields} />
    </section>
  )
}

interface SheetProps extends FilterFieldsProps {
  /** How many records the filters leave. */
  countOf: (filters: readonly Condition[]) => ReturnType<typeof filterCount>
  onClose: () => void
}

export function FilterSheet({ properties, filters, countOf, onChange, onClose }: SheetProps) {
  const [draft, setDraft] = useState<Condition[]>([...filters])
  const count = useQuery(countOf(draft)).data
  return (
    <Dialog
      title={t('list.filters')}
      onClose={onClose}
      actions={
        <>
          <Button
            look="primary"
            onClick={() => {
              onChange(draft)
              onClose()
            }}
          >
            {typeof count === 'number' ? tx('filter.show', { n: count }) : t('list.showFiltered')}
          </Button>
          {draft.length > 0 ? <Button onClick={() => setDraft([])}>{t('list.clearAll')}</Button> : null}
        </>
      }
    >
      <FilterFields properties={properties} filters={draft} onChange={setDraft} />
    </Dialog>
  )
}

const isDay = (value: string) => /^\d{4}-\d{2}-\d{2}/.test(value)

function GenericFilterText({ property, conditions }: { property: Property; conditions: readonly Condition[] }) {
  const { label } = property
  const words = (value: string) => (isDay(value) ? showDate(value) : value)
  const bound = (...ops: Condition['op'][]) => conditions.find((condition) => ops.includes(condition.op))?.value
  const [from, to, same] = [bound('gte', 'gt'), bound('lte', 'lt'), bound('is', 'eq', 'in')]
  if (from !== undefined && to !== undefined) return t('filter.between', { label, from: words(from), to: words(to) })
  if (from !== undefined) return t('filter.atLeast', { label, value: words(from) })
  if (to !== undefined) return t('filter.atMost', { label, value: words(to) })
  if (same === 'true' || same === 'false') {
    return t('filter.is', { label, value: t(same === 'true' ? 'filter.yes' : 'filter.no') })
  }
  if (same !== undefined) return t('filter.is', { label, value: words(same) })
  const [first] = conditions
  return t('filter.other', { label, operator: first?.op ?? '', value: first?.value ?? '' })
}

interface ChipsProps {
  properties: readonly Property[]
  filters: readonly Condition[]
  onChange: (filters: Condition[]) => void
}

export function FilterChips({ properties, filters, onChange }: ChipsProps) {
  const columns = [...new Set(filters.map((filter) => filter.column))]
  if (columns.length === 0) return null
  return (
    <div className="co-row">
      <ul className="co-row" aria-label={t('list.activeFilters')}>
        {columns.map((column) => {
          const property = properties.find((candidate) => candidate.column === column)
          if (!property) return null
          const FilterText = kinds[property.type].FilterText ?? GenericFilterText
          return (
            <li key={column}>
              <button type="button" className="co-filter-chip" onClick={() => onChange(replaced(filters, column, []))}>
                <span dir="auto">
                  <FilterText property={property} conditions={ofColumn(filters, column)} />
                </span>
                <Icon name="close" size={16} />
                <span className="co-hidden">{t('list.removeThisFilter')}</span>
              </button>
            </li>
          )
        })}
      </ul>
      <Button look="quiet" onClick={() => onChange([])}>
        {t('list.clearAll')}
      </Button>
    </div>
  )
}
