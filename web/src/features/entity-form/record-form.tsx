// The form of one record, for adding and editing: fields from metadata, checks, error summary, save
// bar, and a question before unsaved work is left.

import { useBlocker } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { ErrorSummary } from '~/components/error-summary'
import { Page } from '~/components/page'
import { announce } from '~/lib/announce'
import { type DraftValues, eraseDraft, readDraft, writeDraft } from '~/lib/drafts'
import { personZone, showInstant } from '~/lib/format/dates'
import { t } from '~/lib/i18n/t'
import type { Entity, Property } from '~/lib/metadata/model'
import { messagesFor } from '~/lib/metadata/queries'
import type { WireRow } from '~/lib/postgrest/client'
import { describeProblem, type Problem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { changedColumns, type Drafts } from '~/property-types/form-state'
import type { Draft } from '~/property-types/kinds'
import { fieldId, PropertyField } from '~/property-types/property-field'
import { kinds } from '~/property-types/registry'
import { useRunningUploads } from '~/property-types/upload'
import { checkDraft, isRequired } from '~/property-types/validate'
import './form.css'

interface RecordFormProps {
  entity: Entity
  properties: readonly Property[]
  mode: 'create' | 'edit'
  title: string
  above: ReactNode
  initial: Drafts
  /** The record being edited; for a new one an identifier of its own, for what is uploaded meanwhile. */
  recordId: string
  /** Where unsaved typing is kept in this browser. */
  draftKey: string
  /** The record as loaded, to show what a field was. */
  loaded?: WireRow
  save: (drafts: Drafts) => Promise<void>
  /** Called after a save; `another` when the next new record should follow. */
  onSaved: (another: boolean) => void
  onCancel: () => void
  /** A question that came up while saving. */
  resolve?: (form: FormHandle) => ReactNode
}

/** Saving stopped to ask something; the form stays as it is. */
export class SaveInterrupted extends Error {}

/** What a dialog over the form may do with it. */
export interface FormHandle {
  /** Runs a save of its own; success leaves the page, refusals are shown in the form. */
  attempt: (save: () => Promise<void>) => Promise<void>
  /** Lets the page be left without asking. */
  abandon: () => void
}

/** Typing is kept this long after it stops, in milliseconds. */
const DRAFT_PAUSE_MS = 2000

interface Failure {
  problem: Problem
  attemptNo: number
}

function LeaveDialog({ onStay, onLeave }: { onStay: () => void; onLeave: () => void }) {
  return (
    <Dialog
      title={t('form.leaveTitle')}
      onClose={onStay}
      actions={
        <>
          <Button look="primary" data-autofocus onClick={onStay}>
            {t('form.keepEditing')}
          </Button>
          <Button onClick={onLeave}>{t('form.leave')}</Button>
        </>
      }
    >
      <p>{t('form.leaveText')}</p>
    </Dialog>
  )
}

export function RecordForm(props: RecordFormProps) {
  const { entity, properties, mode, title, initial, loaded, draftKey } = props
  const [drafts, setDrafts] = useState<Drafts>(initial)
  const [attempts, setAttempts] = useState(0)
  const [failure, setFailure] = useState<Failure | null>(null)
  const [saving, setSaving] = useState(false)
  const busy = useRef(false)
  const leaving = useRef(false)

  const fields = properties.filter((property) => kinds[property.type].Field !== undefined)
  const changed = changedColumns(fields, initial, drafts)
  const dirty = changed.length > 0

  const [restorable, setRestorable] = useState(() => readDraft(draftKey))
  const [keptAt, setKeptAt] = useState<number | null>(null)
  const typed = JSON.stringify(Object.fromEntries(changed.map((column) => [column, drafts[column] ?? null])))
  useEffect(() => {
    if (typed === '{}') return
    const timer = setTimeout(() => {
      writeDraft(draftKey, JSON.parse(typed) as DraftValues)
      setKeptAt(Date.now())
    }, DRAFT_PAUSE_MS)
    return () => clearTimeout(timer)
  }, [typed, draftKey])
  const restore = () => {
    if (restorable) setDrafts((before) => ({ ...before, ...restorable.values }))
    setRestorable(null)
  }
  const discard = () => {
    eraseDraft(draftKey)
    setRestorable(null)
  }
  const errors = new Map<string, string>()
  if (attempts > 0) {
    for (const property of fields) {
      const message = checkDraft(property, drafts[property.column], mode)
      if (message) errors.set(property.column, message)
    }
  }
  const refusal = failure?.problem
  if (refusal?.column && !errors.has(refusal.column)) errors.set(refusal.column, refusal.text)

  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => dirty && !leaving.current && current.pathname !== next.pathname,
    enableBeforeUnload: () => dirty && !leaving.current,
    withResolver: true,
  })

  const uploads = useRunningUploads()
  const [saveAfter, setSaveAfter] = useState<{ another: boolean } | null>(null)
  // Files that are still on their way belong to the record: it is saved once they have arrived.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the end of the uploads is the signal
  useEffect(() => {
    if (uploads > 0 || !saveAfter) return
    setSaveAfter(null)
    void save(saveAfter.another)
  }, [uploads, saveAfter])

  async function save(another: boolean) {
    if (busy.current) return
    if (uploads > 0) return setSaveAfter({ another })
    setFailure(null)
    const attempt = attempts + 1
    setAttempts(attempt)
    if (fields.some((property) => checkDraft(property, drafts[property.column], mode) !== undefined)) return
    await attemptSave(() => props.save(drafts), another, attempt)
  }

  async function attemptSave(write: () => Promise<void>, another: boolean, attempt: number) {
    if (busy.current) return
    busy.current = true
    setSaving(true)
    try {
      await write()
      leaving.current = true
      eraseDraft(draftKey)
      props.onSaved(another)
    } catch (error) {
      if (error instanceof SaveInterrupted) return
      const constraintMessages = await messagesFor(error, queryClient)
      const problem = describeProblem(error, {
        attempt: mode === 'create' ? 'create' : 'update',
        constraintMessages,
        labelOf: (column) => properties.find((property) => property.column === column)?.label,
      })
      setFailure({ problem, attemptNo: attempt })
    } finally {
      busy.current = false
      setSaving(false)
    }
  }

  const setDraft = (column: string, value: Draft) => {
    setDrafts((before) => ({ ...before, [column]: value }))
    if (failure?.problem.column === column) setFailure(null)
  }

  const summary = [
    ...fields.flatMap((property) => {
      const text = errors.get(property.column)
      return text
        ? [{ text, fieldId: fieldId(property), facts: refusal?.column === property.column ? refusal.facts : undefined }]
        : []
    }),
    ...(refusal && !fields.some((property) => property.column === refusal.column)
      ? [{ text: refusal.text, facts: refusal.facts }]
      : []),
  ]

  useEffect(() => {
    if (saving) {
      const timer = setTimeout(() => announce(t('form.saving')), 300)
      return () => clearTimeout(timer)
    }
  }, [saving])

  return (
    <Page
      title={title}
      windowTitle={summary.length > 0 ? t('app.errorTitle', { page: title }) : title}
      narrow
      above={props.above}
      below={entity.help && mode === 'create' ? <p className="co-muted">{entity.help}</p> : null}
    >
      {summary.length > 0 ? (
        <ErrorSummary problems={summary} focusKey={failure ? failure.attemptNo + 0.5 : attempts} />
      ) : null}
      {restorable && !dirty ? (
        <Banner
          kind="info"
          actions={
            <>
              <Button onClick={restore}>{t('draft.restore')}</Button>
              <Button look="quiet" onClick={discard}>
                {t('draft.discard')}
              </Button>
            </>
          }
        >
          {t('draft.found', { time: showInstant(new Date(restorable.savedAt).toISOString(), personZone()) })}
        </Banner>
      ) : null}
      {fields.length === 0 ? <Banner kind="info">{t('form.nothingToEdit')}</Banner> : null}
      <form
        noValidate
        className="co-form"
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          void save(false)
        }}
        onKeyDown={(event) => {
          const modifier = event.ctrlKey || event.metaKey
          if (modifier && event.key === 's') {
            event.preventDefault()
            void save(false)
          } else if (modifier && event.key === 'Enter') {
            event.preventDefault()
            void save(mode === 'create')
          }
        }}
      >
        {fields.some((property) => isRequired(property, mode)) ? (
          <p className="co-muted co-small">{t('form.requiredLegend')}</p>
        ) : null}
        <div className="co-form-grid co-card">
          {fields.map((property) => (
            <PropertyField
              key={property.column}
              property={property}
              value={drafts[property.column]}
              onChange={(value) => setDraft(property.column, value)}
              error={errors.get(property.column)}
              required={isRequired(property, mode)}
              mode={mode}
              recordId={props.recordId}
              changed={mode === 'edit' && changed.includes(property.column)}
              was={loaded?.[property.column]}
            />
          ))}
        </div>
        <div className="co-save-bar">
          <Button look="primary" type="submit" waiting={saving || saveAfter !== null}>
            {saveAfter ? t('form.savingAfter', { n: uploads }) : saving ? t('form.saving') : t('form.save')}
          </Button>
          {mode === 'create' ? (
            <Button waiting={saving} onClick={() => void save(true)}>
              {t('form.saveAndAnother')}
            </Button>
          ) : null}
          <Button look="quiet" onClick={props.onCancel}>
            {t('app.cancel')}
          </Button>
          {dirty ? (
            <span className="co-muted co-small co-save-note">
              {mode === 'edit' ? t('form.unsaved', { n: changed.length }) : null}
              {mode === 'edit' && keptAt ? ' · ' : null}
              {keptAt ? t('draft.kept') : null}
            </span>
          ) : null}
        </div>
      </form>
      {props.resolve?.({
        attempt: (write) => attemptSave(write, false, attempts),
        abandon: () => {
          leaving.current = true
          eraseDraft(draftKey)
        },
      })}
      {blocker.status === 'blocked' ? (
        <LeaveDialog
          onStay={blocker.reset}
          onLeave={() => {
            eraseDraft(draftKey)
            blocker.proceed()
          }}
        />
      ) : null}
    </Page>
  )
}
