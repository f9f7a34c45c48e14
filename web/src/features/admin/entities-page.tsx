// Record types: their names, descriptions, order in the menu, map and calendar. Everything saves
// itself.

import { Link } from '@tanstack/react-router'
import { useId } from 'react'
import { Page } from '~/components/page'
import { paths } from '~/config/paths'
import { announce } from '~/lib/announce'
import { t } from '~/lib/i18n/t'
import type { Entity, Property } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { callRpc } from '~/lib/postgrest/client'
import { queryClient } from '~/lib/query-client'
import { AdminGate } from './admin-gate'
import { AutosaveText } from './autosave-text'
import { MoveButtons } from './move-buttons'
import { moved } from './order'
import { SaveNote } from './save-note'
import { useAutosave } from './use-autosave'
import './admin.css'

export function EntitiesPage() {
  return (
    <AdminGate title={t('admin.entities')}>
      <Entities />
    </AdminGate>
  )
}

interface Change {
  name?: string
  help?: string
  map?: string | null
  slot?: string | null
  color?: string | null
}

async function saveEntity(entity: Entity, sortOrder: number, change: Change): Promise<void> {
  const map = change.map === undefined ? entity.map : change.map
  const slot = change.slot === undefined ? (entity.calendar?.slot ?? null) : change.slot
  const color = change.color === undefined ? (entity.calendar?.color ?? null) : change.color
  const help = change.help ?? entity.help ?? ''
  await callRpc('upsert_entity_metadata', {
    p_table_name: entity.key,
    p_display_name: (change.name ?? entity.name).trim() || null,
    p_description: help.trim() || null,
    p_sort_order: sortOrder,
    p_show_map: map !== null,
    p_map_property_name: map,
    p_show_calendar: slot !== null,
    p_calendar_property_name: slot,
    p_calendar_color_property: slot === null ? null : color,
  })
  await queryClient.invalidateQueries({ queryKey: ['schema'] })
}

function Entities() {
  const model = useModel()
  const autosave = useAutosave()
  const entities = model.entities.filter((entity) => !model.isJunction(entity.key))

  const move = async (from: number, step: -1 | 1) => {
    const next = moved(entities, from, step)
    const entity = entities[from]
    if (!entity || next === entities) return
    await autosave.run(entity.key, async () => {
      await Promise.all(
        next.map((member, index) =>
          callRpc('update_entity_sort_order', { p_table_name: member.key, p_sort_order: index }),
        ),
      )
      await queryClient.invalidateQueries({ queryKey: ['schema'] })
    })
    announce(t('admin.moved', { name: entity.name, to: from + step + 1, of: entities.length }))
  }

  return (
    <Page title={t('admin.entities')} below={<p className="co-muted">{t('admin.entitiesHelp')}</p>}>
      <ol className="co-admin-list">
        {entities.map((entity, index) => (
          <li key={entity.key} className="co-card co-admin-entity">
            <div className="co-spread">
              <code>{entity.key}</code>
              <span className="co-row">
                <SaveNote state={autosave.stateOf(entity.key)} />
                <Link to={paths.fields()} search={{ entity: entity.key }}>
                  {t('admin.fieldsOf', { name: entity.name })}
                </Link>
                <MoveButtons
                  name={entity.name}
                  first={index === 0}
                  last={index === entities.length - 1}
                  onMove={(step) => void move(index, step)}
                />
              </span>
            </div>
            <EntityFields
              entity={entity}
              properties={model.properties(entity.key)}
              onSave={(change) => void autosave.run(entity.key, () => saveEntity(entity, entity.sortOrder, change))}
            />
          </li>
        ))}
      </ol>
    </Page>
  )
}

interface EntityFieldsProps {
  entity: Entity
  properties: readonly Property[]
  onSave: (change: Change) => void
}

function EntityFields({ entity, properties, onSave }: EntityFieldsProps) {
  const points = properties.filter((property) => property.type === 'GeoPoint')
  const slots = properties.filter((property) => property.type === 'TimeSlot')
  const colors = properties.filter((property) => property.type === 'Color')
  return (
    <div className="co-admin-fields">
      <AutosaveText label={t('admin.displayName')} value={entity.name} onSave={(name) => onSave({ name })} />
      <AutosaveText
        label={t('admin.description')}
        value={entity.help ?? ''}
        multiline
        onSave={(help) => onSave({ help })}
      />
      {points.length > 0 ? (
        <Choice
          label={t('admin.map')}
          none={t('admin.noMap')}
          value={entity.map}
          properties={points}
          // A list has a map or a calendar, not both.
          onChange={(map) => onSave(map === null ? { map } : { map, slot: null })}
        />
      ) : null}
      {slots.length > 0 ? (
        <Choice
          label={t('admin.calendar')}
          none={t('admin.noCalendar')}
          value={entity.calendar?.slot ?? null}
          properties={slots}
          onChange={(slot) => onSave(slot === null ? { slot } : { slot, map: null })}
        />
      ) : null}
      {entity.calendar && colors.length > 0 ? (
        <Choice
          label={t('admin.calendarColor')}
          none={t('admin.noColor')}
          value={entity.calendar.color}
          properties={colors}
          onChange={(color) => onSave({ color })}
        />
      ) : null}
    </div>
  )
}

interface ChoiceProps {
  label: string
  none: string
  value: string | null
  properties: readonly Property[]
  onChange: (column: string | null) => void
}

function Choice({ label, none, value, properties, onChange }: ChoiceProps) {
  const id = useId()
  return (
    <label htmlFor={id} className="co-bound">
      <span className="co-small">{label}</span>
      <select
        id={id}
        className="co-input"
        value={value ?? ''}
        onChange={(event) => onChange(event.target.value || null)}
      >
        <option value="">{none}</option>
        {properties.map((property) => (
          <option key={property.column} value={property.column}>
            {property.label}
          </option>
        ))}
      </select>
    </label>
  )
}
