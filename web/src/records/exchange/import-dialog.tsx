// Import in four steps: file, columns, check, result. Nothing is written before the button with the
// number; wrong rows stop everything or are left out, as the person chose.

import { type ReactNode, useRef, useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { announce } from '~/lib/announce'
import { personZone } from '~/lib/format/dates'
import { currentLocale, t } from '~/lib/i18n/t'
import { type Entity, formProperties } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { messagesFor } from '~/lib/metadata/queries'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { type Cell, importedLinks, isImported } from './cells'
import { type Checked, checkRows, type Mapped, mapColumns, type RowError } from './check'
import { FilePreview, useCsvPreview } from './csv-preview'
import { errorSheets } from './error-file'
import { readFile, readLookups, saveAs, writeWorkbook } from './exchange'
import { makeTemplate } from './template'
import { tx } from './texts'
import { insertAll, insertSome, type Sending, updateAll, updateEach } from './write'
import './exchange.css'

const STEPS = ['file', 'columns', 'check', 'result'] as const
type Step = (typeof STEPS)[number]
const SHOWN_ERRORS = 100

/** Where days stand before months, 3/4 is the third of April. */
const daysFirst = () => {
  const parts = new Intl.DateTimeFormat(currentLocale()).formatToParts(new Date(2025, 10, 23))
  return parts.findIndex((part) => part.type === 'day') < parts.findIndex((part) => part.type === 'month')
}

interface Outcome {
  imported: number
  errors: readonly RowError[]
  failure: string | null
}

export default function ImportDialog({ entity, onClose }: { entity: Entity; onClose: () => void }) {
  const model = useModel()
  const [step, setStep] = useState<Step>('file')
  const [problem, setProblem] = useState<string | null>(null)
  const [file, setFile] = useState<File | null>(null)
  const [rows, setRows] = useState<readonly (readonly Cell[])[]>([])
  const [headings, setHeadings] = useState<readonly Cell[]>([])
  const [mapped, setMapped] = useState<readonly Mapped[]>([])
  const [update, setUpdate] = useState(false)
  const [key, setKey] = useState(entity.idColumn ?? '')
  const [skip, setSkip] = useState(false)
  const [checked, setChecked] = useState<Checked | null>(null)
  const [progress, setProgress] = useState<{ done: number; total: number } | null>(null)
  const [busy, setBusy] = useState<'reading' | 'importing' | 'template' | null>(null)
  const [outcome, setOutcome] = useState<Outcome | null>(null)
  const abort = useRef(new AbortController())

  const csv = useCsvPreview(file)
  const idProperty = entity.idColumn ? model.property(entity.key, entity.idColumn) : undefined
  const propertiesFor = (updating: boolean) => {
    const own = formProperties(model, entity.key, updating ? 'edit' : 'create').filter(isImported)
    const links = importedLinks(model, entity, updating)
    // The id finds records; it is never written.
    const found = updating && idProperty ? [idProperty, ...own.filter((property) => property !== idProperty)] : own
    return [...found, ...links]
  }
  const properties = propertiesFor(update)
  const cancel = () => {
    abort.current.abort()
    onClose()
  }

  const take = async (taken: File | undefined) => {
    if (!taken || busy) return
    setBusy('reading')
    setProblem(null)
    setFile(taken)
    try {
      const [first = [], ...rest] = await readFile(taken, abort.current.signal)
      if (rest.length === 0) setProblem(tx('file.empty'))
      else {
        setHeadings(first)
        setRows(rest)
        setMapped(mapColumns(first, properties))
        setStep('columns')
      }
    } catch (error) {
      setProblem(error instanceof Error && error.message ? error.message : tx('file.failed'))
    }
    setBusy(null)
  }

  const template = async () => {
    setBusy('template')
    try {
      saveAs(await makeTemplate(model, propertiesFor(false), abort.current.signal), `${entity.key}_template.xlsx`)
    } catch (error) {
      setProblem(describeProblem(error, { attempt: 'read' }).text)
    }
    setBusy(null)
  }

  const used = mapped.filter(({ at }) => Object.keys(at).length > 0)
  // Links are changed record by record.
  const together = !skip && !(update && used.some(({ property }) => property.link))

  const check = async () => {
    if (used.length === 0) return setProblem(tx('columns.nothing'))
    setProblem(null)
    setStep('check')
    setChecked(null)
    setProgress({ done: 0, total: rows.length })
    try {
      const lookups = await readLookups(
        model,
        used.map(({ property }) => property),
        abort.current.signal,
      )
      const options = { lookups, dayFirst: daysFirst(), key: update ? key : null }
      // Fields that must be filled in count even where the file has no column for them.
      const columns = update
        ? used
        : mapped.filter(({ property, at }) => Object.keys(at).length > 0 || !property.nullable)
      const result = await checkRows(rows, 2, columns, options, abort.current.signal, (done) =>
        setProgress({ done, total: rows.length }),
      )
      setChecked(result)
      announce(`${tx('check.ready', { n: result.ready.length })} ${tx('check.wrong', { n: wrongRows(result) })}`)
    } catch (error) {
      if (!abort.current.signal.aborted) {
        setProblem(describeProblem(error, { attempt: 'read' }).text)
        setStep('columns')
      }
    }
    setProgress(null)
  }

  const errorsFile = async (errors: readonly RowError[]) => {
    const sheets = errorSheets({ headings, rows, errors, onlyWrong: skip || step === 'result' })
    saveAs(await writeWorkbook(sheets), `import_errors_${Date.now()}.xlsx`)
  }

  const run = async () => {
    if (!checked || busy) return
    setBusy('importing')
    setProblem(null)
    const sent = checked.ready
    const values = sent.map((entry) => entry.values)
    const onProgress = (done: number) => setProgress({ done, total: sent.length })
    onProgress(0)
    try {
      const sending: Sending = {
        entity,
        rows: values,
        links: used.flatMap(({ property }) => (property.link ? [property] : [])),
        signal: abort.current.signal,
        onProgress,
      }
      const refused = update
        ? await (together ? updateAll : updateEach)(sending, key)
        : await (together ? insertAll : insertSome)(sending)
      const errors: RowError[] = []
      for (const { at, error } of refused) {
        const constraintMessages = await messagesFor(error, queryClient)
        const { text } = describeProblem(error, { attempt: update ? 'update' : 'create', constraintMessages })
        errors.push({ row: sent[at]?.row ?? 0, column: entity.name, message: text })
      }
      const none = together && refused.length > 0
      const imported = none ? 0 : sent.length - refused.length
      setOutcome({ imported, errors, failure: none ? tx('import.none') : null })
      setStep('result')
      announce(none ? tx('import.none') : tx('import.done', { n: imported }), none)
    } catch (error) {
      if (abort.current.signal.aborted) {
        setOutcome({ imported: 0, errors: [], failure: tx('import.stopped') })
      } else {
        const constraintMessages = await messagesFor(error, queryClient)
        const { text } = describeProblem(error, { attempt: 'create', constraintMessages })
        setOutcome({ imported: 0, errors: [], failure: text })
      }
      setStep('result')
    }
    setBusy(null)
    setProgress(null)
    for (const name of ['rows', 'choices', 'related']) void queryClient.invalidateQueries({ queryKey: [name] })
  }

  const wrong = checked ? wrongRows(checked) : 0
  const atOnce = busy === 'importing' && together
  const mayRun = checked !== null && checked.ready.length > 0 && (wrong === 0 || skip)
  return (
    <Dialog
      title={tx('import.title', { name: entity.plural })}
      onClose={cancel}
      wide
      actions={
        step === 'columns' ? (
          <>
            <Button look="primary" onClick={() => void check()}>
              {tx('columns.check')}
            </Button>
            <Button onClick={() => setStep('file')}>{tx('check.back')}</Button>
          </>
        ) : step === 'check' && checked ? (
          <>
            {mayRun ? (
              <Button look="primary" waiting={busy === 'importing'} onClick={() => void run()}>
                {busy === 'importing' ? tx('import.sending') : tx('check.import', { n: checked.ready.length })}
              </Button>
            ) : null}
            {busy ? (
              <Button onClick={() => abort.current.abort()}>{t('app.cancel')}</Button>
            ) : (
              <Button onClick={() => setStep('columns')}>{tx('check.back')}</Button>
            )}
          </>
        ) : (
          <Button onClick={cancel}>{t(step === 'result' ? 'app.close' : 'app.cancel')}</Button>
        )
      }
    >
      <div className="co-stack">
        <ol className="co-row co-import-steps" aria-label={tx('import.steps')}>
          {STEPS.map((name, index) => (
            <li key={name} aria-current={name === step ? 'step' : undefined}>
              {index + 1} {tx(`step.${name}`)}
            </li>
          ))}
        </ol>
        {problem ? (
          <Banner kind="error" urgent>
            {problem}
          </Banner>
        ) : null}
        {step === 'file' ? (
          <>
            <p>{tx('file.help')}</p>
            <div className="co-bound">
              <label htmlFor="import-file">{tx('file.choose')}</label>
              <input
                id="import-file"
                type="file"
                className="co-file-input"
                accept=".xlsx,.csv,text/csv"
                onChange={(event) => void take(event.target.files?.[0])}
              />
            </div>
            {busy === 'reading' ? <p role="status">{tx('file.reading')}</p> : null}
            {csv?.rows[0] ? (
              <FilePreview headings={csv.rows[0]} rows={csv.rows.slice(1)} total={csv.total - 1} />
            ) : null}
            <div>
              <Button waiting={busy === 'template'} onClick={() => void template()}>
                {tx('file.template')}
              </Button>
            </div>
          </>
        ) : step === 'columns' ? (
          <ColumnsStep
            entity={entity}
            headings={headings}
            mapped={mapped}
            keys={properties.filter((property) => !property.link)}
            preview={
              <FilePreview
                headings={headings.map(cellText)}
                rows={rows.slice(0, 5).map((row) => row.map(cellText))}
                total={rows.length}
              />
            }
            update={update}
            keyColumn={key}
            skip={skip}
            together={together}
            onMapped={setMapped}
            onUpdate={(on) => {
              setUpdate(on)
              setMapped(mapColumns(headings, propertiesFor(on)))
            }}
            onKey={setKey}
            onSkip={setSkip}
          />
        ) : step === 'check' ? (
          <>
            {progress ? (
              <>
                <progress
                  className="co-progress-bar"
                  max={progress.total || 1}
                  // All rows at once are one request: under way, without a count.
                  value={atOnce ? undefined : progress.done}
                  aria-label={tx('step.check')}
                />
                <p role="status">
                  {atOnce
                    ? tx('import.sending')
                    : tx(busy === 'importing' ? 'import.progress' : 'check.progress', {
                        n: progress.done,
                        of: progress.total,
                      })}
                </p>
              </>
            ) : null}
            {checked && !busy ? (
              <>
                <p role="status">
                  <strong>{tx('check.ready', { n: checked.ready.length })}</strong>{' '}
                  {wrong > 0 ? tx('check.wrong', { n: wrong }) : null}
                </p>
                {wrong > 0 ? (
                  <Errors errors={checked.errors} onDownload={() => void errorsFile(checked.errors)} />
                ) : null}
              </>
            ) : null}
          </>
        ) : outcome ? (
          <>
            {outcome.failure ? (
              <Banner kind="error" urgent title={tx('import.failed')}>
                {outcome.failure}
              </Banner>
            ) : (
              <Banner kind={outcome.errors.length > 0 ? 'warning' : 'success'}>
                {tx('import.done', { n: outcome.imported })}{' '}
                {outcome.errors.length > 0 ? tx('import.some', { n: outcome.errors.length }) : null}
              </Banner>
            )}
            {outcome.errors.length > 0 ? (
              <Errors errors={outcome.errors} onDownload={() => void errorsFile(outcome.errors)} />
            ) : null}
          </>
        ) : null}
      </div>
    </Dialog>
  )
}

const cellText = (cell: Cell | undefined): string =>
  cell === null || cell === undefined ? '' : typeof cell === 'object' ? cell.moment.replace('T', ' ') : String(cell)

const wrongRows = (checked: Checked) => new Set(checked.errors.map((error) => error.row)).size

function Errors({ errors, onDownload }: { errors: readonly RowError[]; onDownload: () => void }) {
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard */}
      <section className="co-import-errors" tabIndex={0} aria-label={tx('check.problem')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{tx('check.row')}</th>
              <th scope="col">{tx('check.column')}</th>
              <th scope="col">{tx('check.problem')}</th>
            </tr>
          </thead>
          <tbody>
            {errors.slice(0, SHOWN_ERRORS).map((error) => (
              <tr key={`${error.row} ${error.column}`}>
                <td className="co-numbers">{error.row}</td>
                <td dir="auto">{error.column}</td>
                <td dir="auto">{error.message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {errors.length > SHOWN_ERRORS ? <p>{tx('check.more', { n: errors.length - SHOWN_ERRORS })}</p> : null}
      <div>
        <Button onClick={onDownload}>{tx('check.download')}</Button>
      </div>
    </>
  )
}

interface ColumnsStepProps {
  entity: Entity
  headings: readonly Cell[]
  mapped: readonly Mapped[]
  keys: readonly Mapped['property'][]
  update: boolean
  keyColumn: string
  skip: boolean
  /** All rows go in one piece. */
  together: boolean
  preview: ReactNode
  onMapped: (mapped: readonly Mapped[]) => void
  onUpdate: (on: boolean) => void
  onKey: (column: string) => void
  onSkip: (on: boolean) => void
}

function ColumnsStep(props: ColumnsStepProps) {
  const {
    entity,
    headings,
    mapped,
    keys,
    update,
    keyColumn,
    skip,
    together,
    preview,
    onMapped,
    onUpdate,
    onKey,
    onSkip,
  } = props
  const linked = mapped.some(({ property, at }) => property.link && Object.keys(at).length > 0)
  const radio = (name: string, checked: boolean, label: string, onChange: () => void) => (
    <label className="co-check-row">
      <input type="radio" className="co-check" name={name} checked={checked} onChange={onChange} />
      {label}
    </label>
  )
  return (
    <>
      {preview}
      <fieldset>
        <legend className="co-field-label">{tx('columns.mode')}</legend>
        {radio('import-mode', !update, tx('columns.insert'), () => onUpdate(false))}
        {entity.can.update ? radio('import-mode', update, tx('columns.update'), () => onUpdate(true)) : null}
        {update ? (
          <div className="co-bound">
            <label htmlFor="import-key" className="co-small">
              {tx('columns.key')}
            </label>
            <select
              id="import-key"
              className="co-input co-input-medium"
              value={keyColumn}
              onChange={(event) => onKey(event.target.value)}
            >
              {keys.map((property) => (
                <option key={property.column} value={property.column}>
                  {property.label}
                </option>
              ))}
            </select>
          </div>
        ) : null}
      </fieldset>
      <fieldset>
        <legend className="co-field-label">{tx('columns.wrong')}</legend>
        {radio('import-wrong', !skip, tx(update && linked ? 'columns.stopUpdate' : 'columns.stop'), () =>
          onSkip(false),
        )}
        {radio('import-wrong', skip, tx('columns.skipRows'), () => onSkip(true))}
        {update && !together ? <p className="co-muted co-small">{tx('columns.one')}</p> : null}
      </fieldset>
      <p>{tx('columns.help')}</p>
      <div className="co-import-columns">
        {mapped.map(({ property, at }) =>
          (property.type === 'TimeSlot' ? (['start', 'end'] as const) : (['value'] as const)).map((part) => {
            const id = `import-${property.column}-${part}`
            const place = at[part] ?? (part === 'value' ? at.name : undefined)
            const label =
              part === 'value'
                ? property.label
                : tx(part === 'start' ? 'header.start' : 'header.end', { label: property.label })
            return (
              <div key={id} className="co-bound">
                <label htmlFor={id} className="co-small">
                  {tx('columns.for', { label })}
                </label>
                <select
                  id={id}
                  className="co-input"
                  value={place ?? ''}
                  onChange={(event) => {
                    const next = event.target.value === '' ? undefined : Number(event.target.value)
                    onMapped(
                      mapped.map((entry) => {
                        if (entry.property !== property) return entry
                        const { [part]: _old, name: _name, ...rest } = entry.at
                        return { property, at: next === undefined ? rest : { ...rest, [part]: next } }
                      }),
                    )
                  }}
                >
                  <option value="">{tx('columns.skip')}</option>
                  {headings.map((heading, index) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: columns have no identity but their place
                    <option key={index} value={index}>
                      {String(heading ?? index + 1)}
                    </option>
                  ))}
                </select>
              </div>
            )
          }),
        )}
      </div>
      <p className="co-muted co-small">{tx('columns.zone', { zone: personZone() })}</p>
    </>
  )
}
