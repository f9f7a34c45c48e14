// The status beside the heading; whoever may edit the record changes it from here in one step, and
// can take that back.

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { MenuButton } from '~/components/menu-button'
import { announce } from '~/lib/announce'
import { t } from '~/lib/i18n/t'
import type { Entity, Property } from '~/lib/metadata/model'
import { messagesFor, statusesQuery } from '~/lib/metadata/queries'
import { updateRows, type WireRow } from '~/lib/postgrest/client'
import { NoRowError } from '~/lib/postgrest/errors'
import { eq } from '~/lib/postgrest/query'
import { describeProblem, type Problem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { PropertyValue } from '~/property-types/property-value'

interface StatusMenuProps {
  entity: Entity
  property: Property
  id: string
  record: WireRow
}

const keyOf = (value: unknown): string => {
  const object = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  return String(object ? object.id : value)
}

export function StatusMenu({ entity, property, id, record }: StatusMenuProps) {
  const value = record[property.column]
  const editable = entity.can.update && property.writable && property.onEdit
  const statuses = useQuery({ ...statusesQuery(property.statusType ?? ''), enabled: editable })
  const [changing, setChanging] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [undo, setUndo] = useState<{ id: string; label: string } | null>(null)
  const current = keyOf(value)
  const label = statuses.data?.find((status) => status.id === current)?.label ?? ''

  async function change(next: string, offerUndo: boolean) {
    if (changing || next === current) return
    setChanging(true)
    setProblem(null)
    try {
      // From the status that is shown, not over one that somebody else chose meanwhile.
      await updateRows(entity.key, [eq(entity.idColumn ?? 'id', id), eq(property.column, current)], {
        [property.column]: /^\d+$/.test(next) ? Number(next) : next,
      })
      setUndo(offerUndo ? { id: current, label } : null)
      const name = statuses.data?.find((status) => status.id === next)?.label ?? next
      announce(t('status.changed', { status: name }))
      void queryClient.invalidateQueries({ queryKey: ['rows'] })
      await queryClient.invalidateQueries({ queryKey: ['record', entity.key, id] })
    } catch (error) {
      if (error instanceof NoRowError) void queryClient.invalidateQueries({ queryKey: ['record', entity.key, id] })
      const constraintMessages = await messagesFor(error, queryClient)
      setProblem(describeProblem(error, { attempt: 'update', constraintMessages }))
    }
    setChanging(false)
  }

  return (
    <>
      <PropertyValue property={property} value={value} place="cell" />
      {editable && statuses.data && statuses.data.length > 1 ? (
        <MenuButton
          label={changing ? t('form.saving') : t('status.change', { label: property.label })}
          look="quiet"
          icon="chevronDown"
          className="co-no-print"
          align="start"
          groups={[
            {
              items: statuses.data.map((status) => ({
                key: status.id,
                label: status.label,
                checked: status.id === current,
                onSelect: () => void change(status.id, true),
              })),
            },
          ]}
        />
      ) : null}
      {undo ? (
        <Button look="quiet" onClick={() => void change(undo.id, false)}>
          {t('status.undo', { status: undo.label })}
        </Button>
      ) : null}
      {problem ? (
        <Banner kind="error" urgent title={t('problem.save')} facts={problem.facts}>
          {problem.text}
        </Banner>
      ) : null}
    </>
  )
}
