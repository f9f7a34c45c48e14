// Configures one widget: fields by its kind, with what it becomes below them.

import { type ReactNode, Suspense, useId, useState } from 'react'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { Loading } from '~/components/loading'
import { t } from '~/lib/i18n/t'
import { type Entity, menuEntities, type Property } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import type { PropertyType } from '~/lib/metadata/property-type'
import type { Widget } from './dashboard-data'
import { catalogues, tx } from './texts'
import { textOf, textsOf } from './widget-config'
import { widgets } from './widgets'

const KINDS = [
  'markdown',
  'filtered_list',
  'stat_card',
  'chart',
  'map',
  'calendar',
  'dashboard_navigation',
  'buttons',
] as const
const NUMBERS: readonly PropertyType[] = ['IntegerNumber', 'DecimalNumber', 'Money']
const MOMENTS: readonly PropertyType[] = ['Date', 'DateTime', 'DateTimeLocal']

const known = (key: string): key is keyof typeof catalogues.en => key in catalogues.en
export function nameOfWidget(widget: Widget, index: number): string {
  const kind = `type.${widget.widget_type}`
  const typed = known(kind) ? tx(kind) : widget.widget_type
  return widget.title ? `${widget.title} (${typed})` : `${tx('edit.untitled', { n: index + 1 })} (${typed})`
}

type Config = Readonly<Record<string, unknown>>

interface FieldsProps {
  config: Config
  entity: Entity | undefined
  properties: readonly Property[]
  set: (part: Config) => void
}

function Labelled({ label, children }: { label: string; children: (id: string) => ReactNode }) {
  const id = useId()
  return (
    <div className="co-bound">
      <label htmlFor={id}>{label}</label>
      {children(id)}
    </div>
  )
}

interface ChoiceProps {
  label: string
  value: string
  options: readonly { value: string; label: string }[]
  none?: boolean
  onChange: (value: string | undefined) => void
}

function Choice({ label, value, options, none, onChange }: ChoiceProps) {
  return (
    <Labelled label={label}>
      {(id) => (
        <select
          id={id}
          className="co-input"
          value={value}
          onChange={(event) => onChange(event.target.value || undefined)}
        >
          {none || value === '' ? <option value="">{tx('field.none')}</option> : null}
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  )
}

const asOptions = (properties: readonly Property[]) =>
  properties.map((property) => ({ value: property.column, label: property.label }))

function Check({ label, checked, onChange }: { label: string; checked: boolean; onChange: (on: boolean) => void }) {
  return (
    <label className="co-check-row">
      <input
        type="checkbox"
        className="co-check"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
      {label}
    </label>
  )
}

const OPERATORS = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'in', 'is', 'ilike'] as const

interface FilterRow {
  column: string
  operator: string
  value: unknown
}

function Filters({ config, properties, set }: FieldsProps) {
  const rows = (Array.isArray(config.filters) ? config.filters : []) as FilterRow[]
  const change = (next: readonly FilterRow[]) => set({ filters: next })
  const replace = (index: number, part: Partial<FilterRow>) =>
    change(rows.map((row, at) => (at === index ? { ...row, ...part } : row)))
  return (
    <fieldset className="co-stack co-stack-tight">
      <legend className="co-field-label">{tx('field.filters')}</legend>
      {rows.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: conditions have no identity but their place
        <div key={index} className="co-editor-row">
          <Choice
            label={tx('field.column')}
            value={row.column}
            options={asOptions(properties)}
            onChange={(column) => replace(index, { column: column ?? '' })}
          />
          <Choice
            label={tx('field.operator')}
            value={row.operator}
            options={OPERATORS.map((value) => ({ value, label: tx(`op.${value}`) }))}
            onChange={(operator) => replace(index, { operator: operator ?? 'eq' })}
          />
          <Labelled label={tx('field.value')}>
            {(id) => (
              <input
                id={id}
                className="co-input"
                value={Array.isArray(row.value) ? `(${row.value.join(',')})` : String(row.value ?? '')}
                onChange={(event) => replace(index, { value: event.target.value })}
              />
            )}
          </Labelled>
          <Button look="quiet" icon="close" iconOnly onClick={() => change(rows.filter((_, at) => at !== index))}>
            {tx('field.removeFilter', { n: index + 1 })}
          </Button>
        </div>
      ))}
      <div>
        <Button
          icon="plus"
          onClick={() => change([...rows, { column: properties[0]?.column ?? '', operator: 'eq', value: '' }])}
        >
          {tx('field.addFilter')}
        </Button>
      </div>
    </fieldset>
  )
}

interface LinkRow {
  text: string
  url: string
}

function Links({ value, onChange }: { value: unknown; onChange: (links: readonly LinkRow[]) => void }) {
  const rows = (Array.isArray(value) ? value : []) as LinkRow[]
  const replace = (index: number, part: Partial<LinkRow>) =>
    onChange(rows.map((row, at) => (at === index ? { ...row, ...part } : row)))
  return (
    <fieldset className="co-stack co-stack-tight">
      <legend className="co-field-label">{tx('field.links')}</legend>
      {rows.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: links have no identity but their place
        <div key={index} className="co-editor-row">
          {(['text', 'url'] as const).map((part) => (
            <Labelled key={part} label={tx(part === 'text' ? 'field.linkText' : 'field.linkUrl')}>
              {(id) => (
                <input
                  id={id}
                  className="co-input"
                  value={row[part] ?? ''}
                  onChange={(event) => replace(index, { [part]: event.target.value })}
                />
              )}
            </Labelled>
          ))}
          <Button look="quiet" icon="close" iconOnly onClick={() => onChange(rows.filter((_, at) => at !== index))}>
            {tx('field.removeLink', { n: index + 1 })}
          </Button>
        </div>
      ))}
      <div>
        <Button icon="plus" onClick={() => onChange([...rows, { text: '', url: '/' }])}>
          {tx('field.addLink')}
        </Button>
      </div>
    </fieldset>
  )
}

function NumberField({ label, value, onChange }: { label: string; value: number; onChange: (n: number) => void }) {
  return (
    <Labelled label={label}>
      {(id) => (
        <input
          id={id}
          type="number"
          min={0}
          className="co-input co-input-short"
          value={value}
          onChange={(event) => onChange(Math.max(0, Math.trunc(Number(event.target.value) || 0)))}
        />
      )}
    </Labelled>
  )
}

function ListFields(props: FieldsProps) {
  const { config, properties, set } = props
  const columns = textsOf(config, 'showColumns') ?? []
  return (
    <>
      <fieldset>
        <legend className="co-field-label">{tx('field.columns')}</legend>
        {properties.map((property) => (
          <Check
            key={property.column}
            label={property.label}
            checked={columns.includes(property.column)}
            onChange={(on) =>
              set({
                showColumns: properties
                  .map(({ column }) => column)
                  .filter((column) => (column === property.column ? on : columns.includes(column))),
              })
            }
          />
        ))}
      </fieldset>
      <Choice
        label={tx('field.orderBy')}
        none
        value={textOf(config, 'orderBy') ?? ''}
        options={asOptions(properties)}
        onChange={(orderBy) => set({ orderBy })}
      />
      <Check
        label={tx('field.descending')}
        checked={textOf(config, 'orderDirection') !== 'asc'}
        onChange={(on) => set({ orderDirection: on ? 'desc' : 'asc' })}
      />
      <NumberField
        label={tx('field.limit')}
        value={typeof config.limit === 'number' ? config.limit : 10}
        onChange={(limit) => set({ limit })}
      />
      <Filters {...props} />
    </>
  )
}

const AGGREGATES = ['count', 'sum', 'avg', 'min', 'max'] as const
const BUCKETS = ['day', 'week', 'month', 'quarter', 'year'] as const
const LOOKS = ['bar', 'line', 'pie'] as const

function ChartFields(props: FieldsProps) {
  const { config, properties, set } = props
  const aggregate = textOf(config, 'aggregate') ?? 'count'
  const grouped = properties.find((property) => property.column === config.groupBy)
  return (
    <>
      <Choice
        label={tx('field.look')}
        value={textOf(config, 'look') ?? 'bar'}
        options={LOOKS.map((value) => ({ value, label: tx(`look.${value}`) }))}
        onChange={(look) => set({ look })}
      />
      <Choice
        label={tx('field.groupBy')}
        value={grouped?.column ?? ''}
        options={asOptions(properties)}
        onChange={(groupBy) => {
          const next = properties.find((property) => property.column === groupBy)
          set({ groupBy, bucket: next && MOMENTS.includes(next.type) ? (config.bucket ?? 'month') : undefined })
        }}
      />
      {grouped && MOMENTS.includes(grouped.type) ? (
        <Choice
          label={tx('field.bucket')}
          none
          value={textOf(config, 'bucket') ?? ''}
          options={BUCKETS.map((value) => ({ value, label: tx(`bucket.${value}`) }))}
          onChange={(bucket) => set({ bucket })}
        />
      ) : null}
      <Choice
        label={tx('field.aggregate')}
        value={aggregate}
        options={AGGREGATES.map((value) => ({ value, label: tx(`aggregate.${value}`) }))}
        onChange={(next) => set({ aggregate: next })}
      />
      {aggregate === 'count' ? null : (
        <Choice
          label={tx('field.valueColumn')}
          value={textOf(config, 'valueColumn') ?? ''}
          options={asOptions(properties.filter((property) => NUMBERS.includes(property.type)))}
          onChange={(valueColumn) => set({ valueColumn })}
        />
      )}
      <Filters {...props} />
    </>
  )
}

const VIEWS = [
  { value: 'dayGridMonth', label: 'calendar.month' },
  { value: 'timeGridWeek', label: 'calendar.week' },
  { value: 'timeGridDay', label: 'calendar.day' },
] as const

function KindFields(props: FieldsProps & { kind: string }) {
  const { kind, config, properties, set } = props
  const ofType = (...types: PropertyType[]) => asOptions(properties.filter((property) => types.includes(property.type)))
  const choice = (key: string, label: string, options: ChoiceProps['options'], none = false) => (
    <Choice
      label={label}
      value={textOf(config, key) ?? ''}
      options={options}
      none={none}
      onChange={(value) => set({ [key]: value })}
    />
  )
  switch (kind) {
    case 'markdown':
      return (
        <Labelled label={tx('field.content')}>
          {(id) => (
            <textarea
              id={id}
              className="co-input"
              rows={8}
              dir="auto"
              value={textOf(config, 'content') ?? ''}
              onChange={(event) => set({ content: event.target.value })}
            />
          )}
        </Labelled>
      )
    case 'filtered_list':
      return <ListFields {...props} />
    case 'chart':
      return <ChartFields {...props} />
    case 'stat_card':
      return (
        <>
          <Labelled label={tx('field.label')}>
            {(id) => (
              <input
                id={id}
                className="co-input"
                dir="auto"
                value={textOf(config, 'label') ?? ''}
                onChange={(event) => set({ label: event.target.value })}
              />
            )}
          </Labelled>
          <Filters {...props} />
        </>
      )
    case 'map':
      return (
        <>
          {choice('mapPropertyName', tx('field.mapProperty'), ofType('GeoPoint'))}
          <NumberField
            label={tx('field.limit')}
            value={typeof config.maxMarkers === 'number' ? config.maxMarkers : 500}
            onChange={(maxMarkers) => set({ maxMarkers })}
          />
          <Filters {...props} />
        </>
      )
    case 'calendar':
      return (
        <>
          {choice('timeSlotPropertyName', tx('field.slotProperty'), ofType('TimeSlot'))}
          {choice('colorProperty', tx('field.colorProperty'), ofType('Color'), true)}
          {choice(
            'initialView',
            tx('field.initialView'),
            VIEWS.map(({ value, label }) => ({ value, label: t(label) })),
          )}
          <Check
            label={tx('field.showCreate')}
            checked={config.showCreateButton === true}
            onChange={(showCreateButton) => set({ showCreateButton })}
          />
          <Filters {...props} />
        </>
      )
    case 'dashboard_navigation':
      return <Links value={config.chips} onChange={(chips) => set({ chips })} />
    case 'buttons':
      return <Links value={config.links} onChange={(links) => set({ links })} />
  }
  return null
}

const WITHOUT_ENTITY = ['markdown', 'dashboard_navigation', 'buttons']

interface WidgetDialogProps {
  widget: Widget
  onApply: (widget: Widget) => void
  onClose: () => void
}

export function WidgetDialog({ widget, onApply, onClose }: WidgetDialogProps) {
  const model = useModel()
  const [draft, setDraft] = useState(widget)
  const config = draft.config ?? {}
  const key = draft.entity_key ?? textOf(config, 'entityKey') ?? ''
  const entity = model.entity(key)
  const properties = entity
    ? model
        .properties(entity.key)
        .filter((property) => property.type !== 'ManyToMany' && property.column !== 'civic_os_text_search')
    : []
  const set = (part: Config) => setDraft((before) => ({ ...before, config: { ...(before.config ?? {}), ...part } }))
  const Content = widgets[draft.widget_type]
  return (
    <Dialog
      title={tx('edit.configure', { name: draft.title ?? tx('edit.widgets') })}
      onClose={onClose}
      wide
      actions={
        <>
          <Button look="primary" onClick={() => onApply(draft)}>
            {tx('edit.done')}
          </Button>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
        </>
      }
    >
      <div className="co-stack">
        <Choice
          label={tx('edit.type')}
          value={draft.widget_type}
          options={KINDS.map((value) => ({ value, label: tx(`type.${value}`) }))}
          onChange={(kind) => setDraft((before) => ({ ...before, widget_type: kind ?? before.widget_type }))}
        />
        <Labelled label={tx('edit.heading')}>
          {(id) => (
            <input
              id={id}
              className="co-input"
              dir="auto"
              value={draft.title ?? ''}
              onChange={(event) => setDraft((before) => ({ ...before, title: event.target.value || null }))}
            />
          )}
        </Labelled>
        {WITHOUT_ENTITY.includes(draft.widget_type) ? null : (
          <>
            <Choice
              label={tx('field.entity')}
              value={entity?.key ?? ''}
              options={menuEntities(model).map((candidate) => ({ value: candidate.key, label: candidate.plural }))}
              onChange={(next) =>
                setDraft((before) => ({
                  ...before,
                  entity_key: next ?? null,
                  // Fields of the other record type mean nothing here.
                  config: next ? { entityKey: next } : {},
                }))
              }
            />
            <NumberField
              label={tx('edit.refresh')}
              value={draft.refresh_interval_seconds ?? 0}
              onChange={(n) => setDraft((before) => ({ ...before, refresh_interval_seconds: n || null }))}
            />
          </>
        )}
        <KindFields kind={draft.widget_type} config={config} entity={entity} properties={properties} set={set} />
        <section className="co-card" aria-label={tx('edit.preview')}>
          {Content ? (
            <Suspense fallback={<Loading lines={3} />}>
              <Content widget={draft} />
            </Suspense>
          ) : null}
        </section>
      </div>
    </Dialog>
  )
}
