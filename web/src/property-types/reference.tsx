// Links to other records: foreign keys, people, statuses. Small tables are a plain select, large
// ones a search box; filters are check boxes with the same split.

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { Button } from '~/components/button'
import { Combobox, type ComboboxOption } from '~/components/combobox'
import { StatusBadge } from '~/components/status-badge'
import { paths } from '~/config/paths'
import { t } from '~/lib/i18n/t'
import type { Property } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import {
  type Choice,
  choiceSource,
  choicesByIdQuery,
  choicesQuery,
  SELECT_LIMIT,
  type Status,
  searchChoices,
  statusesQuery,
} from '~/lib/metadata/queries'
import { type Condition, inList, readInList } from '~/lib/postgrest/query'
import type { DisplayProps, Draft, FieldProps, FilterProps, PropertyKind } from './kinds'
import { textToWire } from './kinds'
import { tx } from './texts'

const InlineCreate = lazy(() => import('./inline-create'))

type Embedded = Record<string, unknown>

const embedded = (value: unknown): Embedded | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Embedded) : null

/** The raw key of a reference, whether it came embedded or plain. */
function keyOf(value: unknown, property: Property): string | null {
  const object = embedded(value)
  const key = object ? (object[property.ref?.column ?? 'id'] ?? object.id) : value
  return key === null || key === undefined ? null : String(key)
}

const fromWire = (wire: unknown, property: Property): Draft => keyOf(wire, property)

/** Integer keys go as numbers, all others as text. */
function toWire(draft: string | boolean, property: Property): unknown {
  const text = String(draft)
  return /^int/.test(property.udtName) && Number.isSafeInteger(Number(text)) ? Number(text) : text
}

/** Everything a control needs to know about the possible values. */
function useChoices(property: Property): {
  choices: readonly Choice[] | undefined
  failed: boolean
  retry: () => void
  search: ((term: string, limit: number, signal: AbortSignal) => Promise<Choice[]>) | null
  source: ReturnType<typeof choiceSource>
} {
  const model = useModel()
  const source = choiceSource(model, property)
  const fallback = source ?? { table: '', idColumn: '', labelColumns: [] }
  const query = useQuery({ ...choicesQuery(fallback), enabled: source !== null })
  const large = (query.data?.length ?? 0) > SELECT_LIMIT
  return {
    choices: query.data,
    failed: query.isError,
    retry: () => void query.refetch(),
    search: source && large ? (term, limit, signal) => searchChoices(source, term, limit, signal) : null,
    source,
  }
}

function useNamedChoices(source: ReturnType<typeof choiceSource>, ids: readonly string[]) {
  const fallback = source ?? { table: '', idColumn: '', labelColumns: [] }
  const query = useQuery({ ...choicesByIdQuery(fallback, ids), enabled: source !== null && ids.length > 0 })
  return query.data ?? []
}

// ---- display ----

/** A key beside its control: its name is looked up. */
function NamedKey({ property, value }: DisplayProps) {
  const model = useModel()
  const key = String(value)
  const [named] = useNamedChoices(choiceSource(model, property), [key])
  return <bdi>{named?.label ?? t('value.unknownRecord', { id: key })}</bdi>
}

function NamedStatus({ property, value }: DisplayProps) {
  const query = useQuery(statusesQuery(property.statusType ?? ''))
  const found = query.data?.find((candidate) => candidate.id === String(value))
  return found ? (
    <StatusBadge label={found.label} color={found.color} kind={statusKind(found)} />
  ) : (
    <span>{t('value.unknownRecord', { id: String(value) })}</span>
  )
}

function ReferenceDisplay(props: DisplayProps) {
  const { property, value, place } = props
  const model = useModel()
  const object = embedded(value)
  if (place === 'form' && !object) return <NamedKey {...props} />
  const key = keyOf(value, property)
  const label = object?.display_name
  const text =
    label === null || label === undefined || label === '' ? t('value.unknownRecord', { id: key ?? '' }) : String(label)
  const target = property.ref ? model.entity(property.ref.table) : undefined
  return place === 'detail' && key && target?.can.read ? (
    <Link to={paths.detail(target.key, key)} dir="auto">
      {text}
    </Link>
  ) : (
    <span dir="auto" className="co-cell-text">
      {text}
    </span>
  )
}

function personName(value: unknown): string {
  const person = embedded(value)
  if (!person) return t('value.hiddenPerson')
  const name = person.full_name ?? person.display_name
  return name ? String(name) : t('value.unknownRecord', { id: String(person.id ?? '') })
}

function UserDisplay(props: DisplayProps) {
  const { value, place } = props
  const person = embedded(value)
  if (place === 'form' && !person) return <NamedKey {...props} />
  const email = typeof person?.email === 'string' ? person.email : null
  return (
    <span dir="auto" className="co-cell-text">
      {personName(value)}
      {place === 'detail' && email ? (
        <>
          {' ('}
          <a href={`mailto:${email}`} dir="ltr">
            {email}
          </a>
          )
        </>
      ) : null}
    </span>
  )
}

const statusKind = (status: { initial: boolean; terminal: boolean }) =>
  status.terminal ? 'terminal' : status.initial ? 'initial' : 'open'

function StatusDisplay(props: DisplayProps) {
  const { value } = props
  const status = embedded(value)
  if (props.place === 'form' && !status) return <NamedStatus {...props} />
  if (!status) return <span>{t('value.unknownRecord', { id: String(value) })}</span>
  return (
    <StatusBadge
      label={String(status.display_name ?? status.id)}
      color={typeof status.color === 'string' ? status.color : null}
      kind={statusKind({ initial: status.is_initial === true, terminal: status.is_terminal === true })}
    />
  )
}

// ---- fields ----

interface SelectProps extends FieldProps {
  choices: readonly { id: string; label: string }[]
}

function ChoiceSelect({ property, value, onChange, id, describedBy, invalid, required, choices, mode }: SelectProps) {
  const current = typeof value === 'string' ? value : ''
  const known = current === '' || choices.some((choice) => choice.id === current)
  const emptyAllowed = property.nullable || current === '' || (mode === 'create' && property.defaultExpression !== null)
  return (
    <select
      id={id}
      className="co-input"
      value={current}
      aria-describedby={describedBy}
      aria-invalid={invalid || undefined}
      required={required}
      onChange={(event) => onChange(event.target.value === '' ? null : event.target.value)}
    >
      {emptyAllowed ? <option value="">{t(property.nullable ? 'form.notSet' : 'form.choose')}</option> : null}
      {known ? null : <option value={current}>{t('value.unknownRecord', { id: current })}</option>}
      {choices.map((choice) => (
        <option key={choice.id} value={choice.id}>
          {choice.label}
        </option>
      ))}
    </select>
  )
}

/** The control, and a way to add what is missing where the person may. */
function ReferenceField(props: FieldProps) {
  const model = useModel()
  const [adding, setAdding] = useState(false)
  const { ref } = props.property
  const target = ref?.schema === 'public' ? model.entity(ref.table) : undefined
  // Inside of a dialog the choice is between what there is.
  if (!ref || !target?.can.create || !target.can.read || props.id.startsWith('inline-')) {
    return <ReferenceControl {...props} />
  }
  return (
    <div className="co-reference">
      <div className="co-reference-control">
        <ReferenceControl {...props} />
      </div>
      <Button look="quiet" icon="plus" iconOnly onClick={() => setAdding(true)}>
        {tx('inline.add', { name: target.name })}
      </Button>
      {adding ? (
        <Suspense>
          <InlineCreate
            entity={target}
            keyColumn={ref.column}
            onCreated={(key) => props.onChange(key)}
            onClose={() => setAdding(false)}
          />
        </Suspense>
      ) : null}
    </div>
  )
}

function ReferenceControl(props: FieldProps) {
  const { choices, failed, retry, search, source } = useChoices(props.property)
  const current = typeof props.value === 'string' ? props.value : null
  const [named] = useNamedChoices(source, search && current ? [current] : [])
  // What was just chosen has its name already; only what came with the record is looked up.
  const [chosen, setChosen] = useState<ComboboxOption | null>(null)
  if (failed) {
    return (
      <div className="co-row">
        <output id={props.id} className="co-muted">
          {t('form.referenceFailed')} {current ?? ''}
        </output>
        <button type="button" className="co-preset" onClick={retry}>
          {t('app.tryAgain')}
        </button>
      </div>
    )
  }
  if (!choices) return <ChoiceSelect {...props} choices={[]} />
  if (!search) return <ChoiceSelect {...props} choices={choices} />
  const known = named ?? (chosen?.id === current ? chosen : undefined)
  const label = known ? known.label : current ? t('value.unknownRecord', { id: current }) : ''
  return (
    <Combobox
      id={props.id}
      label={props.property.label}
      selected={current ? { id: current, label } : null}
      onSelect={(option) => {
        setChosen(option)
        props.onChange(option ? option.id : null)
      }}
      search={search}
      clearable={props.property.nullable}
      describedBy={props.describedBy}
      invalid={props.invalid}
      required={props.required}
    />
  )
}

function StatusField(props: FieldProps) {
  const query = useQuery(statusesQuery(props.property.statusType ?? ''))
  return <ChoiceSelect {...props} choices={query.data ?? []} />
}

// ---- filters ----

const selectedIds = (conditions: readonly Condition[]): string[] =>
  conditions.flatMap((condition) =>
    condition.op === 'in' ? readInList(condition.value) : condition.op === 'eq' ? [condition.value] : [],
  )

const idsCondition = (property: Property, ids: readonly string[]): Condition[] =>
  ids.length === 0 ? [] : [{ column: property.column, op: 'in', value: inList(ids) }]

interface ChecksProps {
  label: string
  choices: readonly { id: string; label: string }[]
  selected: readonly string[]
  onToggle: (id: string, on: boolean) => void
}

function CheckList({ label, choices, selected, onToggle }: ChecksProps) {
  return (
    <ul className="co-check-list" aria-label={label}>
      {choices.map((choice) => (
        <li key={choice.id}>
          <label className="co-check-row">
            <input
              type="checkbox"
              className="co-check"
              checked={selected.includes(choice.id)}
              onChange={(event) => onToggle(choice.id, event.target.checked)}
            />
            <span dir="auto">{choice.label}</span>
          </label>
        </li>
      ))}
    </ul>
  )
}

const toggled = (ids: readonly string[], id: string, on: boolean) =>
  on ? [...ids.filter((other) => other !== id), id] : ids.filter((other) => other !== id)

function ReferenceFilter({ property, conditions, onChange, id }: FilterProps) {
  const { choices, failed, retry, search, source } = useChoices(property)
  const ids = selectedIds(conditions)
  const named = useNamedChoices(source, search ? ids : [])
  const set = (next: readonly string[]) => onChange(idsCondition(property, next))
  const toggle = (choice: string, on: boolean) => set(toggled(ids, choice, on))
  if (failed) {
    return (
      <div className="co-row">
        <span className="co-muted">{t('form.referenceFailed')}</span>
        <button type="button" className="co-preset" onClick={retry}>
          {t('app.tryAgain')}
        </button>
      </div>
    )
  }
  if (!search) return <CheckList label={property.label} choices={choices ?? []} selected={ids} onToggle={toggle} />
  return (
    <div className="co-stack co-stack-tight">
      <Combobox
        id={id}
        label={t('filter.find', { label: property.label })}
        selected={null}
        adding
        clearable={false}
        search={search}
        onSelect={(option) => option && toggle(option.id, true)}
      />
      <CheckList
        label={property.label}
        choices={ids.map((key) => named.find((choice) => choice.id === key) ?? { id: key, label: key })}
        selected={ids}
        onToggle={toggle}
      />
    </div>
  )
}

function StatusFilter({ property, conditions, onChange }: FilterProps) {
  const query = useQuery(statusesQuery(property.statusType ?? ''))
  const ids = selectedIds(conditions)
  return (
    <CheckList
      label={property.label}
      choices={query.data ?? []}
      selected={ids}
      onToggle={(id, on) => onChange(idsCondition(property, toggled(ids, id, on)))}
    />
  )
}

function names(ids: readonly string[], choices: readonly (Choice | Status)[]): string {
  const labels = ids.map((id) => choices.find((choice) => choice.id === id)?.label ?? id)
  return labels.length <= 3 ? labels.join(', ') : t('filter.selected', { n: labels.length })
}

interface TextProps {
  property: Property
  conditions: readonly Condition[]
}

function ReferenceFilterText({ property, conditions }: TextProps) {
  const model = useModel()
  const ids = selectedIds(conditions)
  const named = useNamedChoices(choiceSource(model, property), ids)
  return t('filter.is', { label: property.label, value: names(ids, named) })
}

function StatusFilterText({ property, conditions }: TextProps) {
  const query = useQuery(statusesQuery(property.statusType ?? ''))
  return t('filter.is', { label: property.label, value: names(selectedIds(conditions), query.data ?? []) })
}

export const foreignKey: PropertyKind = {
  Display: ReferenceDisplay,
  Field: ReferenceField,
  Filter: ReferenceFilter,
  FilterText: ReferenceFilterText,
  choice: true,
  fromWire,
  toWire,
}

export const user: PropertyKind = { ...foreignKey, Display: UserDisplay, toWire: textToWire }

export const status: PropertyKind = {
  ...foreignKey,
  Display: StatusDisplay,
  Field: StatusField,
  Filter: StatusFilter,
  FilterText: StatusFilterText,
}
