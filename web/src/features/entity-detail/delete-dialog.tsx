// Asks before a record is deleted, names it, and shows why it could not be.

import { useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { track } from '~/lib/analytics'
import { flash } from '~/lib/flash'
import { showNumber } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import type { Entity } from '~/lib/metadata/model'
import { messagesFor } from '~/lib/metadata/queries'
import { deleteRows, readVersioned, type WireRow } from '~/lib/postgrest/client'
import { NoRowError, PostgrestError } from '~/lib/postgrest/errors'
import { eq } from '~/lib/postgrest/query'
import { describeProblem, type Problem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { tx } from './texts'

interface DeleteDialogProps {
  entity: Entity
  id: string
  name: string
  /** The record as it is shown. */
  record: WireRow
  /** Records that point at it, by the name of their kind. */
  linked: readonly { name: string; total: number }[]
  onClose: () => void
  onDeleted: () => void
}

export function DeleteDialog({ entity, id, name, record, linked, onClose, onDeleted }: DeleteDialogProps) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [waiting, setWaiting] = useState(false)
  const idColumn = entity.idColumn ?? 'id'

  async function remove() {
    setWaiting(true)
    setProblem(null)
    try {
      // Only the record that is on the screen is deleted, not what somebody made of it meanwhile.
      const address = [eq(idColumn, id)]
      const now = await readVersioned({ table: entity.key, select: [], fallback: [idColumn], conditions: address })
      if (!now) throw new NoRowError()
      const seen = record.updated_at
      if (seen !== undefined && now.row.updated_at !== undefined && now.row.updated_at !== seen) {
        throw new PostgrestError({ status: 412 })
      }
      await deleteRows(entity.key, address, idColumn, { ifMatch: now.etag })
    } catch (error) {
      if (error instanceof PostgrestError && error.status === 412) {
        void queryClient.invalidateQueries({ queryKey: ['record', entity.key, id] })
      }
      const constraintMessages = await messagesFor(error, queryClient)
      setProblem(describeProblem(error, { attempt: 'delete', constraintMessages }))
      setWaiting(false)
      return
    }
    track('Entity', 'Delete', entity.key)
    for (const key of ['rows', 'related', 'choices']) void queryClient.invalidateQueries({ queryKey: [key] })
    flash({ kind: 'success', text: t('detail.deleted', { name }) }, 'next-page')
    onClose()
    onDeleted()
  }

  return (
    <Dialog
      title={t('detail.deleteTitle', { name })}
      onClose={onClose}
      locked={waiting}
      actions={
        <>
          <Button look="danger" icon="trash" waiting={waiting} onClick={() => void remove()}>
            {waiting ? t('detail.deleting') : t('detail.delete')}
          </Button>
          <Button data-autofocus onClick={onClose}>
            {t('app.cancel')}
          </Button>
        </>
      }
    >
      <div className="co-stack">
        <p>{t('detail.deleteWarning')}</p>
        {linked.length > 0 ? (
          <div>
            <p>{tx('delete.linked')}</p>
            <ul>
              {linked.map(({ name: kind, total }) => (
                <li key={kind}>
                  <span dir="auto">{kind}</span>: {showNumber(total)}
                </li>
              ))}
            </ul>
          </div>
        ) : null}
        {problem ? (
          <Banner kind="error" urgent title={t('problem.delete')} facts={problem.facts}>
            {problem.text}
          </Banner>
        ) : null}
      </div>
    </Dialog>
  )
}
