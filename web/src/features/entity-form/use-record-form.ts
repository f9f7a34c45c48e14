// The form of one record, for adding and editing: what is typed, what is wrong with it, and how it is saved.

import { useBlocker } from '@tanstack/react-router'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { announce } from '~/lib/announce'
import { type DraftValues, eraseDraft, readDraft, writeDraft } from '~/lib/drafts'
import { t } from '~/lib/i18n/t'
import type { Entity, Property } from '~/lib/metadata/model'
import { messagesFor } from '~/lib/metadata/queries'
import type { WireRow } from '~/lib/postgrest/client'
import { describeProblem, type Problem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { changedColumns, type Drafts } from '~/property-types/form-state'
import type { Draft } from '~/property-types/kinds'
import { fieldId } from '~/property-types/property-field'
import { kinds } from '~/property-types/registry'
import { useRunningUploads } from '~/property-types/upload'
import { checkDraft } from '~/property-types/validate'

/** Records to link with a new one. */
export interface LinkField {
  key: string
  label: string
  /** Names of those chosen so far. */
  chosen: readonly string[]
  control: ReactNode
}

export interface RecordFormProps {
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
  /** Fields of linked records, below those of the record itself, and how many of them were chosen. */
  links?: readonly LinkField[]
  linksChanged?: number
  /** Goes on with what was kept, without asking: the form only changed its layout or came back by a reload. */
  resume?: boolean
  /** Another way to lay the form out, and what to call it. */
  otherLayout?: { label: string; onChoose: () => void }
  /** The record that is edited next; null or undefined where there is none. */
  next?: string | null
  /** Something to know about the record while it is edited. */
  notice?: (drafts: Drafts) => ReactNode
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

/**
 * What a form knows and can do, however it is laid out: drafts and how they are kept, checks, saving, and the question
 * before unsaved work is left.
 */
export function useRecordForm(props: RecordFormProps) {
  const { properties, mode, initial, draftKey } = props
  const [drafts, setDrafts] = useState<Drafts>(() =>
    props.resume ? { ...initial, ...readDraft(draftKey)?.values } : initial,
  )
  const [attempts, setAttempts] = useState(0)
  const [failure, setFailure] = useState<Failure | null>(null)
  const [saving, setSaving] = useState(false)
  const busy = useRef(false)
  const leaving = useRef(false)

  const fields = properties.filter((property) => kinds[property.type].Field !== undefined)
  const changed = changedColumns(fields, initial, drafts)
  const dirty = changed.length > 0 || (props.linksChanged ?? 0) > 0

  const [restorable, setRestorable] = useState(() => (props.resume ? null : readDraft(draftKey)))
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
  /** Kept at once, before a step of the form is left. */
  const keepNow = () => {
    if (typed !== '{}') writeDraft(draftKey, JSON.parse(typed) as DraftValues)
  }
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

  return {
    drafts,
    setDraft,
    fields,
    changed,
    dirty,
    errors,
    summary,
    focusKey: failure ? failure.attemptNo + 0.5 : attempts,
    saving,
    /** The save waits for files. */
    waiting: saveAfter !== null,
    uploads,
    save,
    attemptSave: (write: () => Promise<void>) => attemptSave(write, false, attempts),
    abandon: () => {
      leaving.current = true
      eraseDraft(draftKey)
    },
    restorable,
    restore,
    discard,
    keptAt,
    keepNow,
    blocker,
  }
}

export type RecordFormState = ReturnType<typeof useRecordForm>
