// Choosing, dropping and replacing the file of a field, with progress, cancel and trying again.

import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { Button } from '~/components/button'
import { Icon } from '~/components/icon'
import { announce } from '~/lib/announce'
import { showFileSize } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import { readRows } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { FileDisplay } from './file-display'
import { acceptedTypes, refusalOf } from './file-rules'
import type { FieldProps } from './kinds'
import { tx } from './texts'
import { UploadError, type UploadProgress, uploadFile, withPreview } from './upload'

interface Sending {
  file: File
  progress: UploadProgress
  abort: AbortController
}

const fileQuery = (id: string) => ({
  queryKey: ['file', id],
  queryFn: async ({ signal }: { signal: AbortSignal }) =>
    (await readRows({ table: 'files', select: ['*'], conditions: [eq('id', id)], limit: 1 }, signal))[0] ?? null,
  enabled: id !== '',
})

function uploadProblem(error: unknown, name: string): string {
  if (!(error instanceof UploadError)) return describeProblem(error, { attempt: 'create' }).text
  if (error.why === 'refused' && error.message) return error.message
  return tx(error.why === 'network' ? 'file.network' : 'file.failed', { name })
}

/** Percent spoken: start, quarters, end. */
const QUARTER = 25

export default function FileField({ property, value, onChange, id, describedBy, invalid, recordId }: FieldProps) {
  const current = typeof value === 'string' ? value : ''
  const stored = useQuery(fileQuery(current))
  const [sending, setSending] = useState<Sending | null>(null)
  const [problem, setProblem] = useState<{ text: string; file: File | null } | null>(null)
  const [over, setOver] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const alive = useRef(true)
  const spoken = useRef(0)
  useEffect(() => {
    alive.current = true
    return () => {
      alive.current = false
    }
  }, [])

  const start = async (file: File) => {
    const refused = refusalOf(property, file)
    if (refused) return setProblem({ text: refused, file: null })
    setProblem(null)
    const abort = new AbortController()
    spoken.current = 0
    announce(tx('file.started', { name: file.name }))
    setSending({ file, progress: { phase: 'preparing', percent: 0 }, abort })
    try {
      const owner = { entity: property.table, id: recordId ?? 'new', property: property.column }
      const row = await uploadFile(file, owner, abort.signal, (progress) => {
        if (alive.current) setSending({ file, progress, abort })
        const quarter = Math.floor(progress.percent / QUARTER)
        if (progress.phase === 'sending' && quarter > spoken.current) {
          spoken.current = quarter
          announce(tx('file.percent', { name: file.name, percent: quarter * QUARTER }))
        }
      })
      const key = String(row.id)
      queryClient.setQueryData(['file', key], row)
      onChange(key)
      announce(tx('file.done', { name: file.name }))
      if (alive.current) setSending(null)
      void withPreview(key, abort.signal).then((fresh) => fresh && queryClient.setQueryData(['file', key], fresh))
    } catch (error) {
      if (!alive.current) return
      setSending(null)
      if (abort.signal.aborted) return
      const text = uploadProblem(error, file.name)
      setProblem({ text, file })
      announce(text, true)
    }
  }
  const take = (files: FileList | null) => {
    const [file] = files ?? []
    if (file) void start(file)
    if (input.current) input.current.value = ''
  }

  const accepted = acceptedTypes(property)
  const limit = Number(property.rules.find((rule) => rule.type === 'maxFileSize')?.value)
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra beside the button
    <div
      className={over ? 'co-drop co-drop-over' : 'co-drop'}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        take(event.dataTransfer.files)
      }}
    >
      {current && stored.data ? (
        <div className="co-spread">
          <FileDisplay property={property} value={stored.data} place="form" />
          <Button look="quiet" icon="close" onClick={() => onChange(null)}>
            {tx('file.clear')}
            <span className="co-hidden">: {String(stored.data.file_name)}</span>
          </Button>
        </div>
      ) : null}
      {sending ? (
        <div className="co-stack co-stack-tight">
          <span className="co-row">
            <Icon name="file" size={16} />
            <span dir="auto">{sending.file.name}</span>
            <span className="co-muted co-small">{showFileSize(sending.file.size)}</span>
          </span>
          <span className="co-row co-nowrap">
            <progress
              className="co-progress-bar"
              max={100}
              value={sending.progress.phase === 'preparing' ? undefined : sending.progress.percent}
              aria-label={tx('file.uploading', { name: sending.file.name })}
            />
            <span className="co-small co-numbers">
              {sending.progress.phase === 'sending' ? `${sending.progress.percent} %` : tx('file.preparing')}
            </span>
            <Button look="quiet" onClick={() => sending.abort.abort()}>
              {t('app.cancel')}
              <span className="co-hidden">: {sending.file.name}</span>
            </Button>
          </span>
        </div>
      ) : (
        <div className="co-row">
          <input
            ref={input}
            id={id}
            type="file"
            aria-label={property.label}
            className="co-file-input"
            accept={accepted.join(',') || undefined}
            aria-describedby={describedBy}
            aria-invalid={invalid || undefined}
            onChange={(event) => take(event.target.files)}
          />
          <span className="co-field-note">
            {tx('file.drop')}
            {accepted.length > 0 ? ` ${accepted.join(', ')}.` : ''}
            {limit > 0 ? ` ${tx('file.upTo', { limit: showFileSize(limit) })}` : ''}
          </span>
        </div>
      )}
      {problem ? (
        <p className="co-field-error" role="alert">
          {problem.text}
          {problem.file ? (
            <Button look="quiet" onClick={() => problem.file && void start(problem.file)}>
              {t('app.tryAgain')}
              <span className="co-hidden">: {problem.file.name}</span>
            </Button>
          ) : null}
        </p>
      ) : null}
    </div>
  )
}
