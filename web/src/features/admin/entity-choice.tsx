// Which record type an administration page is about; kept in the address.

import { useNavigate, useSearch } from '@tanstack/react-router'
import { useId } from 'react'
import { t } from '~/lib/i18n/t'
import type { Entity } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'

export function useChosenEntity(): { entity: Entity | undefined; choice: React.ReactNode } {
  const model = useModel()
  const navigate = useNavigate()
  const id = useId()
  const { entity: wanted } = useSearch({ strict: false }) as { entity?: string }
  const entities = model.entities.filter((entity) => !model.isJunction(entity.key))
  const entity = entities.find((candidate) => candidate.key === wanted) ?? entities[0]
  return {
    entity,
    choice: (
      <label htmlFor={id} className="co-bound co-admin-choice">
        <span className="co-small">{t('profile.recordType')}</span>
        <select
          id={id}
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
    ),
  }
}
