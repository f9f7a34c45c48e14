// Templates of notifications: the list, and an editor that checks while one types and shows the
// result for a sample record. Rendered HTML stays in a frame without scripts.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { useEffect, useId, useRef, useState } from 'react'
import { RefusedPage, SignInPage } from '~/components/access'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { FormDialog } from '~/components/form-dialog'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { useSession } from '~/lib/auth/session'
import { flash } from '~/lib/flash'
import { t } from '~/lib/i18n/t'
import { menuEntities } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { deleteRows, insertRow, readRows, updateRows, type WireRow } from '~/lib/postgrest/client'
import { PostgrestError } from '~/lib/postgrest/errors'
import { eq } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { HtmlPreview } from './html-preview'
import { checkParts, PARTS, type Part, type PartResult, type Parts } from './template-check'
import { TestButton } from './test-button'
import { tx } from './texts'
import './notifications.css'

const templatesQuery = queryOptions({
  queryKey: ['templates'],
  queryFn: ({ signal }) =>
    readRows({ table: 'notification_templates', select: ['*'], order: [{ by: 'name', dir: 'asc' }] }, signal),
})

export function TemplatesPage() {
  const session = useSession()
  if (session.state === 'starting') return <Loading />
  if (session.state === 'anonymous') return <SignInPage />
  if (!session.person.roles.includes('admin')) {
    return <RefusedPage title={t('refused.title', { name: tx('templates.title') })} />
  }
  return <Templates />
}

function Templates() {
  const model = useModel()
  const query = useQuery(templatesQuery)
  const [edited, setEdited] = useState<WireRow | 'new' | null>(null)
  const [deleting, setDeleting] = useState<WireRow | null>(null)
  if (edited) {
    return <Editor template={edited === 'new' ? null : edited} onClose={() => setEdited(null)} />
  }
  return (
    <Page
      title={tx('templates.title')}
      below={<p className="co-muted">{tx('templates.help')}</p>}
      actions={
        <Button look="primary" icon="plus" onClick={() => setEdited('new')}>
          {tx('templates.add')}
        </Button>
      }
    >
      {query.isError ? (
        <Banner kind="error" urgent onRetry={() => void query.refetch()}>
          {describeProblem(query.error, { attempt: 'read' }).text}
        </Banner>
      ) : query.isPending ? (
        <Loading />
      ) : query.data.length === 0 ? (
        <p>{tx('templates.none')}</p>
      ) : (
        <ul className="co-stack co-stack-tight">
          {query.data.map((row) => {
            const name = String(row.name)
            const entity = row.entity_type ? model.entity(String(row.entity_type)) : undefined
            return (
              <li key={String(row.id)} className="co-card co-spread">
                <div>
                  <h2 className="co-h3">
                    <code>{name}</code>
                  </h2>
                  <p className="co-muted" dir="auto">
                    {String(row.description ?? '')}
                  </p>
                  <p className="co-small">
                    {[entity?.name, tx('templates.email'), row.sms_template ? tx('templates.sms') : null]
                      .filter(Boolean)
                      .join(' · ')}
                  </p>
                </div>
                <span className="co-row">
                  <Button icon="edit" onClick={() => setEdited(row)}>
                    {tx('templates.edit', { name })}
                  </Button>
                  <Button look="quiet" icon="trash" iconOnly onClick={() => setDeleting(row)}>
                    {tx('templates.delete', { name })}
                  </Button>
                </span>
              </li>
            )
          })}
        </ul>
      )}
      {deleting ? <DeleteDialog template={deleting} onClose={() => setDeleting(null)} /> : null}
    </Page>
  )
}

function DeleteDialog({ template, onClose }: { template: WireRow; onClose: () => void }) {
  return (
    <FormDialog
      title={tx('templates.deleteTitle', { name: String(template.name) })}
      onClose={onClose}
      submit={t('detail.delete')}
      danger
      icon="trash"
      attempt="delete"
      onSubmit={async () => {
        await deleteRows('notification_templates', [eq('id', String(template.id))], 'id')
        await queryClient.invalidateQueries({ queryKey: ['templates'] })
        return undefined
      }}
    >
      <p>{tx('templates.deleteText')}</p>
    </FormDialog>
  )
}

/** Checks start this long after typing stops, in milliseconds. */
const PAUSE_MS = 500

type Check = { at: 'checking' } | { at: 'done'; result: Partial<Record<Part, PartResult>> } | { at: 'unavailable' }

function useCheck(parts: Parts, sample: unknown): Check {
  const [check, setCheck] = useState<Check>({ at: 'checking' })
  const key = JSON.stringify([parts, sample])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for both
  useEffect(() => {
    const controller = new AbortController()
    setCheck({ at: 'checking' })
    const timer = setTimeout(async () => {
      try {
        const [checked, rendered] = await Promise.all([
          checkParts(parts, undefined, controller.signal),
          sample === undefined ? {} : checkParts(parts, sample, controller.signal),
        ])
        const result: Partial<Record<Part, PartResult>> = {}
        for (const part of PARTS) {
          const [a, b] = [checked[part], (rendered as Partial<Record<Part, PartResult>>)[part]]
          if (a) result[part] = a.valid && b ? b : a
        }
        setCheck({ at: 'done', result })
      } catch {
        if (!controller.signal.aborted) setCheck({ at: 'unavailable' })
      }
    }, PAUSE_MS)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
  }, [key])
  return check
}

function readSample(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function Editor({ template, onClose }: { template: WireRow | null; onClose: () => void }) {
  const model = useModel()
  const id = useId()
  const area = useRef<HTMLTextAreaElement>(null)
  const textOf = (key: string) => (typeof template?.[key] === 'string' ? String(template[key]) : '')
  const [name, setName] = useState(textOf('name'))
  const [description, setDescription] = useState(textOf('description'))
  const [entityKey, setEntityKey] = useState(textOf('entity_type'))
  const [parts, setParts] = useState<Parts>({
    subject: textOf('subject_template'),
    html: textOf('html_template'),
    text: textOf('text_template'),
    sms: textOf('sms_template'),
  })
  const [part, setPart] = useState<Part>('subject')
  const [sampleText, setSampleText] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const [waiting, setWaiting] = useState(false)
  const sample = readSample(sampleText)
  const check = useCheck(parts, sample)
  const entity = model.entity(entityKey)
  const columns = entity ? model.properties(entity.key).filter((property) => !property.link) : []

  const loadSample = async (key: string) => {
    const chosen = model.entity(key)
    if (!chosen?.can.read) return
    const order = chosen.idColumn ? [{ by: chosen.idColumn, dir: 'desc' as const }] : []
    const [row] = await readRows({ table: key, select: ['*'], order, limit: 1 }).catch(() => [])
    setSampleText(row ? JSON.stringify(row, null, 2) : '')
    if (!row) setProblem(tx('edit.noSample'))
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: only for the template as opened
  useEffect(() => {
    if (entityKey) void loadSample(entityKey)
  }, [])

  const nameOf = (which: Part) => tx(`edit.${which}`)
  const resultOf = (which: Part) => (check.at === 'done' ? check.result[which] : undefined)
  const missing = (['subject', 'html', 'text'] as const).filter((which) => parts[which].trim() === '')
  const invalid = PARTS.filter((which) => resultOf(which)?.valid === false)
  const unsaved =
    !template || name.trim() !== template.name || PARTS.some((which) => parts[which] !== textOf(`${which}_template`))
  const untested = () => {
    if (unsaved) return tx('test.saveFirst')
    if (sample === undefined) return tx('edit.sampleBad')
    return invalid.length > 0 ? tx('test.invalid', { parts: invalid.map(nameOf).join(', ') }) : null
  }

  const save = async () => {
    if (waiting) return
    if (name.trim() === '' || name.length > 100) return setProblem(tx('edit.needName'))
    const [first] = missing
    if (first) {
      setPart(first)
      return setProblem(tx('edit.required', { part: nameOf(first) }))
    }
    if (invalid.length > 0) return setProblem(tx('edit.blocked', { parts: invalid.map(nameOf).join(', ') }))
    setWaiting(true)
    setProblem(null)
    const body = {
      name: name.trim(),
      description,
      entity_type: entityKey,
      subject_template: parts.subject,
      html_template: parts.html,
      text_template: parts.text,
      sms_template: parts.sms,
    }
    try {
      if (template) await updateRows('notification_templates', [eq('id', String(template.id))], body)
      else await insertRow('notification_templates', body, true)
      await queryClient.invalidateQueries({ queryKey: ['templates'] })
      flash({ kind: 'success', text: tx('edit.saved', { name: body.name }) }, 'here')
      onClose()
    } catch (error) {
      const taken = error instanceof PostgrestError && error.code === '23505'
      setProblem(taken ? tx('edit.exists') : describeProblem(error, { attempt: 'update' }).text)
      setWaiting(false)
    }
  }
  const insert = (column: string) => {
    const element = area.current
    const at = element?.selectionStart ?? parts[part].length
    const to = element?.selectionEnd ?? at
    const text = `{{.Entity.${column}}}`
    setParts({ ...parts, [part]: parts[part].slice(0, at) + text + parts[part].slice(to) })
    requestAnimationFrame(() => {
      element?.focus()
      element?.setSelectionRange(at + text.length, at + text.length)
    })
  }
  const shown = resultOf(part)
  return (
    <Page
      title={template ? tx('edit.title', { name: textOf('name') }) : tx('edit.newTitle')}
      actions={
        <>
          <TestButton name={textOf('name')} sample={sample} hindrance={untested()} onProblem={setProblem} />
          <Button look="primary" waiting={waiting} onClick={() => void save()}>
            {waiting ? t('form.saving') : t('form.save')}
          </Button>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
        </>
      }
    >
      {problem ? (
        <Banner kind="error" urgent>
          {problem}
        </Banner>
      ) : null}
      <section className="co-card co-stack" aria-label={t('detail.details')}>
        <div className="co-bound">
          <label htmlFor={`${id}-name`}>{tx('edit.name')}</label>
          <input
            id={`${id}-name`}
            className="co-input"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <div className="co-bound">
          <label htmlFor={`${id}-description`}>{tx('edit.description')}</label>
          <input
            id={`${id}-description`}
            className="co-input"
            dir="auto"
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        </div>
        <div className="co-bound">
          <label htmlFor={`${id}-entity`}>{tx('edit.entity')}</label>
          <select
            id={`${id}-entity`}
            className="co-input"
            value={entityKey}
            onChange={(event) => {
              setEntityKey(event.target.value)
              if (event.target.value) void loadSample(event.target.value)
            }}
          >
            <option value="">{tx('edit.anyEntity')}</option>
            {menuEntities(model).map((candidate) => (
              <option key={candidate.key} value={candidate.key}>
                {candidate.name}
              </option>
            ))}
          </select>
        </div>
      </section>
      <div className="co-template">
        <section className="co-card co-stack">
          <div className="co-template-tabs" role="tablist" aria-label={tx('templates.title')}>
            {PARTS.map((which) => {
              const result = resultOf(which)
              const mark = parts[which] === '' ? '' : result?.valid === false ? ' ✗' : result ? ' ✓' : ' …'
              return (
                <button
                  key={which}
                  type="button"
                  role="tab"
                  id={`${id}-tab-${which}`}
                  aria-selected={part === which}
                  aria-controls={`${id}-panel`}
                  tabIndex={part === which ? 0 : -1}
                  className={part === which ? 'co-preset co-preset-chosen' : 'co-preset'}
                  onClick={() => setPart(which)}
                  onKeyDown={(event) => {
                    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
                    if (step === 0) return
                    const next = PARTS[(PARTS.indexOf(which) + step + PARTS.length) % PARTS.length] ?? 'subject'
                    setPart(next)
                    document.getElementById(`${id}-tab-${next}`)?.focus()
                  }}
                >
                  {nameOf(which)}
                  <span aria-hidden="true">{mark}</span>
                  {result ? (
                    <span className="co-hidden"> ({tx(result.valid ? 'edit.valid' : 'edit.invalid')})</span>
                  ) : null}
                </button>
              )
            })}
          </div>
          <div
            role="tabpanel"
            id={`${id}-panel`}
            aria-labelledby={`${id}-tab-${part}`}
            className="co-stack co-stack-tight"
          >
            <label htmlFor={`${id}-code`} className="co-hidden">
              {nameOf(part)}
            </label>
            <textarea
              id={`${id}-code`}
              ref={area}
              className="co-input co-code"
              rows={part === 'subject' || part === 'sms' ? 3 : 14}
              dir="ltr"
              spellCheck={false}
              value={parts[part]}
              aria-invalid={shown?.valid === false || undefined}
              aria-describedby={`${id}-check`}
              onChange={(event) => setParts({ ...parts, [part]: event.target.value })}
            />
            <div className="co-spread co-small">
              <span id={`${id}-check`} role="status" className={shown?.valid === false ? 'co-field-error' : 'co-muted'}>
                {parts[part] === ''
                  ? ''
                  : check.at === 'checking'
                    ? tx('edit.checking')
                    : check.at === 'unavailable'
                      ? tx('edit.unavailable')
                      : (shown?.message ?? (shown ? tx('edit.valid') : ''))}
              </span>
              {part === 'sms' ? (
                <span className="co-numbers co-muted">{tx('edit.length', { n: parts.sms.length })}</span>
              ) : null}
            </div>
            {columns.length > 0 ? (
              <div className="co-bound">
                <label htmlFor={`${id}-insert`} className="co-small">
                  {tx('edit.fields')}
                </label>
                <select
                  id={`${id}-insert`}
                  className="co-input"
                  value=""
                  onChange={(event) => event.target.value && insert(event.target.value)}
                >
                  <option value="">…</option>
                  {columns.map((property) => (
                    <option key={property.column} value={property.column}>
                      {property.label} ({property.column})
                    </option>
                  ))}
                </select>
              </div>
            ) : null}
          </div>
        </section>
        <section className="co-card co-stack" aria-labelledby={`${id}-preview`}>
          <h2 id={`${id}-preview`} className="co-h3">
            {tx('edit.preview')}
          </h2>
          {part === 'html' ? (
            <HtmlPreview html={shown?.output ?? ''} title={tx('edit.previewOf', { part: nameOf(part) })} />
          ) : (
            <pre className="co-code-block co-long-text">{shown?.output ?? ''}</pre>
          )}
          <div className="co-bound">
            <label htmlFor={`${id}-sample`} className="co-small">
              {tx('edit.sample')}
            </label>
            <textarea
              id={`${id}-sample`}
              className="co-input co-code"
              rows={8}
              dir="ltr"
              spellCheck={false}
              value={sampleText}
              aria-invalid={sample === undefined || undefined}
              onChange={(event) => setSampleText(event.target.value)}
            />
          </div>
          {sample === undefined ? <p className="co-field-error">{tx('edit.sampleBad')}</p> : null}
          {entity ? (
            <div>
              <Button onClick={() => void loadSample(entity.key)}>{tx('edit.loadSample')}</Button>
            </div>
          ) : null}
        </section>
      </div>
    </Page>
  )
}
