// The fields of a record type: labels, help, order, width, where they appear, whether they sort and
// filter. Everything saves itself.

import { useNavigate, useSearch } from '@tanstack/react-router'
import { useId } from 'react'
import { Page } from '~/components/page'
import { announce } from '~/lib/announce'
import type { MessageKey } from '~/lib/i18n/messages-en'
import { t } from '~/lib/i18n/t'
import { isFilterableType, type Property } from '~/lib/metadata/model'
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

export function FieldsPage() {
  return (
    <AdminGate title={t('admin.fields')}>
      <Fields />
    </AdminGate>
  )
}

type Flag = 'onList' | 'onDetail' | 'onCreate' | 'onEdit' | 'sortable' | 'filterable'
const FLAGS: readonly { flag: Flag; label: MessageKey }[] = [
  { flag: 'onList', label: 'admin.onList' },
  { flag: 'onDetail', label: 'admin.onDetail' },
  { flag: 'onCreate', label: 'admin.onCreate' },
  { flag: 'onEdit', label: 'admin.onEdit' },
  { flag: 'sortable', label: 'admin.sortable' },
  { flag: 'filterable', label: 'admin.filterable' },
]

type Change = Partial<Record<Flag, boolean>> & { label?: string; help?: string; width?: number | null }

async function saveProperty(property: Property, change: Change): Promise<void> {
  const flag = (name: Flag) => change[name] ?? property[name]
  await callRpc('upsert_property_metadata', {
    p_table_name: property.table,
    p_column_name: property.column,
    p_display_name: (change.label ?? property.label).trim() || null,
    p_description: (change.help ?? property.help ?? '').trim() || null,
    p_sort_order: property.sortOrder,
    p_column_width: change.width === undefined ? property.configuredWidth : change.width,
    p_sortable: flag('sortable'),
    p_filterable: flag('filterable'),
    p_show_on_list: flag('onList'),
    p_show_on_create: flag('onCreate'),
    p_show_on_edit: flag('onEdit'),
    p_show_on_detail: flag('onDetail'),
  })
  await queryClient.invalidateQueries({ queryKey: ['schema'] })
}

/** Whether a switch makes sense for the field at all. */
function applies(property: Property, flag: Flag): boolean {
  const system = ['id', 'created_at', 'updated_at', 'civic_os_text_search'].includes(property.column)
  if (flag === 'filterable') return isFilterableType(property.type) && !system
  if (flag === 'onCreate' || flag === 'onEdit') return property.writable
  return true
}

function Fields() {
  const model = useModel()
  const navigate = useNavigate()
  const entityId = useId()
  const { entity: wanted } = useSearch({ strict: false }) as { entity?: string }
  const autosave = useAutosave()
  const entities = model.entities.filter((entity) => !model.isJunction(entity.key))
  const entity = entities.find((candidate) => candidate.key === wanted) ?? entities[0]
  const properties = entity ? model.properties(entity.key).filter((property) => property.type !== 'ManyToMany') : []

  const move = async (from: number, step: -1 | 1) => {
    const property = properties[from]
    const next = moved(properties, from, step)
    if (!property || next === properties) return
    await autosave.run(property.column, async () => {
      await Promise.all(
        next.map((member, index) =>
          callRpc('update_property_sort_order', {
            p_table_name: member.table,
            p_column_name: member.column,
            p_sort_order: index,
          }),
        ),
      )
      await queryClient.invalidateQueries({ queryKey: ['schema'] })
    })
    announce(t('admin.moved', { name: property.label, to: from + step + 1, of: properties.length }))
  }

  return (
    <Page title={t('admin.fields')} below={<p className="co-muted">{t('admin.fieldsHelp')}</p>}>
      <label htmlFor={entityId} className="co-bound co-admin-choice">
        <span className="co-small">{t('profile.recordType')}</span>
        <select
          id={entityId}
          className="co-input"
          value={entity?.key ?? ''}
          onChange={(event) => void navigate({ to: '.', search: { entity: event.target.value } })}
        >
          {entities.map((candidate) => (
            <option key={candidate.key} value={candidate.key}>
              {candidate.plural}
            </option>
          ))}
        </select>
      </label>
      <ol className="co-admin-list" key={entity?.key}>
        {properties.map((property, index) => (
          <li key={property.column} className="co-card co-admin-entity">
            <div className="co-spread">
              <span className="co-row">
                <code>{property.column}</code>
                <span className="co-muted co-small">
                  {property.udtName}
                  {property.ref ? ` → ${property.ref.table}` : ''}
                  {property.nullable ? '' : ` · ${t('admin.required')}`}
                </span>
              </span>
              <span className="co-row">
                <SaveNote state={autosave.stateOf(property.column)} />
                <MoveButtons
                  name={property.label}
                  first={index === 0}
                  last={index === properties.length - 1}
                  onMove={(step) => void move(index, step)}
                />
              </span>
            </div>
            <PropertyFields
              property={property}
              onSave={(change) => void autosave.run(property.column, () => saveProperty(property, change))}
            />
          </li>
        ))}
      </ol>
    </Page>
  )
}

function PropertyFields({ property, onSave }: { property: Property; onSave: (change: Change) => void }) {
  const widthId = useId()
  return (
    <>
      <div className="co-admin-fields">
        <AutosaveText label={t('admin.label')} value={property.label} onSave={(label) => onSave({ label })} />
        <AutosaveText label={t('admin.help')} value={property.help ?? ''} onSave={(help) => onSave({ help })} />
        <label htmlFor={widthId} className="co-bound">
          <span className="co-small">{t('admin.width')}</span>
          <select
            id={widthId}
            className="co-input"
            value={property.configuredWidth ?? ''}
            onChange={(event) => onSave({ width: event.target.value === '' ? null : Number(event.target.value) })}
          >
            <option value="">{t('admin.widthByType')}</option>
            <option value="1">{t('admin.widthHalf')}</option>
            <option value="2">{t('admin.widthFull')}</option>
          </select>
        </label>
      </div>
      <fieldset className="co-admin-flags">
        <legend className="co-hidden">{t('admin.showsOf', { name: property.label })}</legend>
        {FLAGS.filter(({ flag }) => applies(property, flag)).map(({ flag, label }) => (
          <label key={flag} className="co-check-row">
            <input
              type="checkbox"
              className="co-check"
              checked={property[flag]}
              onChange={(event) => onSave({ [flag]: event.target.checked })}
            />
            {t(label)}
          </label>
        ))}
      </fieldset>
    </>
  )
}
