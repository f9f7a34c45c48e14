// The bar for selected records: how many, all of them, change a field, delete, and what came of it.

import { useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { announce } from '~/lib/announce'
import { t } from '~/lib/i18n/t'
import { type Entity, formProperties, type Property } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { messagesFor } from '~/lib/metadata/queries'
import { describeProblem, type Problem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import type { Draft } from '~/property-types/kinds'
import { PropertyField } from '~/property-types/property-field'
import { kinds } from '~/property-types/registry'
import { checkDraft, isRequired } from '~/property-types/validate'
import { type Before, changeMany, deleteMany, type Outcome, undoMany } from './bulk'
import { tx } from './texts'

interface BulkBarProps {
  entity: Entity
  ids: ReadonlySet<string>
  total: number | undefined
  onSelectAll: (() => Promise<void>) | null
  onClear: () => void
}

interface Result {
  text: string
  left: string | null
  problem: Problem | null
  before: Before | null
}

/** Above this many the number has to be typed before they are deleted. */
const TYPED_FROM = 21

async function forgetRows() {
  await Promise.all(['rows', 'record', 'related'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })))
}

export default function BulkBar({ entity, ids, total, onSelectAll, onClear }: BulkBarProps) {
  const [dialog, setDialog] = useState<'edit' | 'delete' | null>(null)
  const [selecting, setSelecting] = useState(false)
  const [result, setResult] = useState<Result | null>(null)
  const n = ids.size

  const report = async (outcome: Outcome, kind: 'changed' | 'deleted', before: Before | null) => {
    let problem: Problem | null = null
    if (outcome.error !== undefined) {
      const constraintMessages = await messagesFor(outcome.error, queryClient)
      const attempt = kind === 'changed' ? 'update' : 'delete'
      problem = describeProblem(outcome.error, { attempt, constraintMessages })
    }
    const text = tx(kind === 'changed' ? 'bulk.changed' : 'bulk.deleted', { n: outcome.done })
    const leftKey = kind === 'changed' ? 'bulk.notChanged' : 'bulk.notDeleted'
    setResult({
      text: problem ? `${tx('bulk.stopped', { n: outcome.done, of: n })} ${text}` : text,
      left: outcome.left > 0 && !problem ? tx(leftKey, { n: outcome.left }) : null,
      problem,
      before: before && outcome.done > 0 ? before : null,
    })
    announce(text)
    setDialog(null)
    if (!problem) onClear()
    await forgetRows()
  }

  if (n === 0 && !result) return null
  return (
    <section className="co-bulk-bar co-no-print" aria-label={tx('bulk.bar')}>
      {result ? (
        <Banner
          kind={result.problem ? 'error' : result.left ? 'warning' : 'success'}
          facts={result.problem?.facts}
          actions={
            <>
              {result.before ? (
                <Button
                  onClick={async () => {
                    const { before } = result
                    if (!before) return
                    setResult(null)
                    try {
                      const done = await undoMany(entity, before)
                      setResult({ text: tx('bulk.undone', { n: done }), left: null, problem: null, before: null })
                    } catch (error) {
                      const problem = describeProblem(error, { attempt: 'update' })
                      setResult({ text: problem.text, left: null, problem, before: null })
                    }
                    await forgetRows()
                  }}
                >
                  {tx('bulk.undo')}
                </Button>
              ) : null}
              <Button look="quiet" onClick={() => setResult(null)}>
                {t('app.close')}
              </Button>
            </>
          }
        >
          {result.text} {result.left}{' '}
          {result.problem && result.problem.text !== result.text ? result.problem.text : null}
        </Banner>
      ) : null}
      {n > 0 ? (
        <div className="co-row">
          <strong role="status" className="co-numbers">
            {tx('bulk.selected', { n })}
          </strong>
          {onSelectAll && total !== undefined && total > n ? (
            <Button
              look="quiet"
              waiting={selecting}
              onClick={async () => {
                setSelecting(true)
                await onSelectAll()
                setSelecting(false)
              }}
            >
              {selecting ? tx('bulk.loadingAll') : tx('bulk.all', { n: total })}
            </Button>
          ) : null}
          <span className="co-bulk-actions">
            {entity.can.update ? (
              <Button icon="edit" onClick={() => setDialog('edit')}>
                {tx('bulk.edit')}
              </Button>
            ) : null}
            {entity.can.delete ? (
              <Button icon="trash" onClick={() => setDialog('delete')}>
                {tx('bulk.delete')}
              </Button>
            ) : null}
            <Button look="quiet" icon="close" iconOnly onClick={onClear}>
              {tx('bulk.clear')}
            </Button>
          </span>
        </div>
      ) : null}
      {dialog === 'edit' ? (
        <EditDialog
          entity={entity}
          ids={[...ids]}
          onClose={() => setDialog(null)}
          onDone={(outcome, before) => void report(outcome, 'changed', before)}
        />
      ) : dialog === 'delete' ? (
        <DeleteDialog
          entity={entity}
          ids={[...ids]}
          onClose={() => setDialog(null)}
          onDone={(outcome) => void report(outcome, 'deleted', null)}
        />
      ) : null}
    </section>
  )
}

/** Fields that make sense to set to one value for many records. */
function commonFields(properties: readonly Property[]): Property[] {
  const single = ['GeoPoint', 'File', 'FileImage', 'FilePDF']
  return properties.filter((property) => kinds[property.type].Field && !single.includes(property.type))
}

interface EditDialogProps {
  entity: Entity
  ids: readonly string[]
  onClose: () => void
  onDone: (outcome: Outcome, before: Before) => void
}

function EditDialog({ entity, ids, onClose, onDone }: EditDialogProps) {
  const model = useModel()
  const fields = commonFields(formProperties(model, entity.key, 'edit'))
  const first = fields.find((property) => property.type === 'Status') ?? fields[0]
  const [column, setColumn] = useState(first?.column ?? '')
  const [draft, setDraft] = useState<Draft>(undefined)
  const [tried, setTried] = useState(false)
  const [progress, setProgress] = useState<number | null>(null)
  const property = fields.find((candidate) => candidate.column === column)
  const value: Draft = property?.type === 'Boolean' && !property.nullable && draft === undefined ? false : draft
  const error = property && tried ? checkDraft(property, value, 'edit') : undefined

  async function apply() {
    if (!property || progress !== null) return
    setTried(true)
    if (checkDraft(property, value, 'edit')) return
    setProgress(0)
    const empty = value === undefined || value === null || value === ''
    const wire = empty ? null : kinds[property.type].toWire(value, property)
    const { before, ...outcome } = await changeMany(entity, property, ids, wire, setProgress)
    onDone(outcome, before)
  }

  return (
    <Dialog
      title={tx('bulk.editTitle', { n: ids.length })}
      onClose={onClose}
      locked={progress !== null}
      actions={
        <>
          <Button look="primary" waiting={progress !== null} onClick={() => void apply()}>
            {progress === null
              ? tx('bulk.apply', { n: ids.length })
              : tx('bulk.working', { n: progress, of: ids.length })}
          </Button>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
        </>
      }
    >
      <div className="co-stack">
        <div className="co-bound">
          <label htmlFor="bulk-field" className="co-field-label">
            {tx('bulk.field')}
          </label>
          <select
            id="bulk-field"
            className="co-input"
            data-autofocus
            value={column}
            onChange={(event) => {
              setColumn(event.target.value)
              setDraft(undefined)
              setTried(false)
            }}
          >
            {fields.map((candidate) => (
              <option key={candidate.column} value={candidate.column}>
                {candidate.label}
              </option>
            ))}
          </select>
        </div>
        {property ? (
          <PropertyField
            key={property.column}
            property={property}
            idPrefix="inline-bulk-"
            value={value}
            onChange={setDraft}
            error={error}
            required={isRequired(property, 'edit')}
            mode="edit"
          />
        ) : null}
      </div>
    </Dialog>
  )
}

interface DeleteDialogProps {
  entity: Entity
  ids: readonly string[]
  onClose: () => void
  onDone: (outcome: Outcome) => void
}

function DeleteDialog({ entity, ids, onClose, onDone }: DeleteDialogProps) {
  const [typed, setTyped] = useState('')
  const [progress, setProgress] = useState<number | null>(null)
  const mustType = ids.length >= TYPED_FROM
  const confirmed = !mustType || typed.trim() === String(ids.length)

  async function remove() {
    if (!confirmed || progress !== null) return
    setProgress(0)
    onDone(await deleteMany(entity, ids, setProgress))
  }

  return (
    <Dialog
      title={tx('bulk.deleteTitle', { n: ids.length })}
      onClose={onClose}
      locked={progress !== null}
      actions={
        <>
          <Button
            look="danger"
            icon="trash"
            waiting={progress !== null}
            aria-disabled={!confirmed || undefined}
            onClick={() => void remove()}
          >
            {progress === null ? tx('bulk.delete') : tx('bulk.working', { n: progress, of: ids.length })}
          </Button>
          <Button data-autofocus={mustType ? undefined : true} onClick={onClose}>
            {t('app.cancel')}
          </Button>
        </>
      }
    >
      <div className="co-stack">
        <p>{tx('bulk.deleteText')}</p>
        {mustType ? (
          <label className="co-bound" htmlFor="bulk-count">
            <span>{tx('bulk.typeNumber', { n: String(ids.length) })}</span>
            <input
              id="bulk-count"
              className="co-input co-input-short"
              inputMode="numeric"
              data-autofocus
              autoComplete="off"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          </label>
        ) : null}
      </div>
    </Dialog>
  )
}
