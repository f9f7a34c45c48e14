// Adding and editing a record: guards, loading, saving, where to go afterwards.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useMemo, useState } from 'react'
import { RefusedPage, SignInPage, UnknownPage } from '~/components/access'
import { Banner } from '~/components/banner'
import { Button, buttonClass } from '~/components/button'
import { Icon } from '~/components/icon'
import { Loading } from '~/components/loading'
import { Page, StatePage } from '~/components/page'
import { paths } from '~/config/paths'
import { track } from '~/lib/analytics'
import { useSession } from '~/lib/auth/session'
import { draftKey } from '~/lib/drafts'
import { flash } from '~/lib/flash'
import { t } from '~/lib/i18n/t'
import { type Entity, formProperties, type Property } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { editFragment } from '~/lib/metadata/select'
import { insertRow, readVersioned, updateRows, type VersionedRow, type WireRow } from '~/lib/postgrest/client'
import { NoRowError, PostgrestError } from '~/lib/postgrest/errors'
import { eq } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { saveSetting, useSetting } from '~/lib/settings'
import { PHONE } from '~/lib/viewport'
import { createBody, type Drafts, startCreate, startEdit, updateBody } from '~/property-types/form-state'
import { changedBy } from '~/records/changed-by'
import { useChangedElsewhere } from '~/records/live'
import { useNeighbours } from '~/records/neighbours'
import { asksInSteps } from './form-steps'
import { mergeChanges } from './merge'
import { useNewLinks } from './new-links'
import { RecordForm } from './record-form'
import { StepForm } from './step-form'
import { tx } from './texts'
import { SaveInterrupted } from './use-record-form'

const ConflictDialog = lazy(() => import('./conflict-dialog'))

/** After a change every list, record and choice of this browser is asked again when next shown. */
async function forgetRows(): Promise<void> {
  await Promise.all(
    ['rows', 'record', 'related', 'choices'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })),
  )
}

function usePerson(): string {
  const session = useSession()
  return session.state === 'signed-in' ? session.person.id : ''
}

function BackLink({ to, label }: { to: string; label: string }) {
  return (
    <Link to={to} className="co-back-link co-no-print">
      <Icon name="chevronLeft" size={16} />
      <span dir="auto">{label}</span>
    </Link>
  )
}

export function CreatePage() {
  const { entityKey = '' } = useParams({ strict: false }) as { entityKey?: string }
  const entity = useModel().entity(entityKey)
  const session = useSession()
  if (session.state === 'starting') return <Loading />
  if (!entity) return <UnknownPage />
  if (!entity.can.create) {
    return session.state === 'signed-in' ? (
      <RefusedPage title={t('refused.createTitle', { name: entity.name })} />
    ) : (
      <SignInPage />
    )
  }
  return <CreateForm key={entity.key} entity={entity} />
}

/** What a person is told once a record exists, where its own page is not the answer. */
function CreatedPage({ entity, id, onAnother }: { entity: Entity; id: string | null; onAnother: () => void }) {
  return (
    <StatePage
      title={id === null ? t('form.createdNoName') : tx('steps.sent')}
      actions={
        <>
          {id !== null && entity.can.read ? (
            <Link to={paths.detail(entity.key, id)} className={buttonClass('primary')}>
              {tx('steps.show')}
            </Link>
          ) : null}
          <Button look={id === null ? 'primary' : undefined} onClick={onAnother}>
            {t('form.another')}
          </Button>
          <Link to={paths.home()} className={buttonClass()}>
            {t('app.goHome')}
          </Link>
        </>
      }
    >
      {id !== null ? <p>{tx('steps.number', { id })}</p> : null}
    </StatePage>
  )
}

function CreateForm({ entity }: { entity: Entity }) {
  const model = useModel()
  const navigate = useNavigate()
  const search = useSearch({ strict: false }) as Record<string, string>
  const properties = formProperties(model, entity.key, 'create')
  const person = usePerson()
  // As it was when the form opened: turning the phone must not take it away from under somebody's fingers.
  const [phone] = useState(() => matchMedia(PHONE).matches)
  const onePage = useSetting('onePage') === 'true'
  const [turned, setTurned] = useState(false)
  const [round, setRound] = useState(0)
  // What is uploaded before the record exists is kept under a name of its own.
  const [newId] = useState(() => `new-${crypto.randomUUID()}`)
  const [initial] = useState(() => startCreate(properties, search))
  const [created, setCreated] = useState<WireRow | null | undefined>(undefined)
  const links = useNewLinks(entity)

  if (created !== undefined) {
    const id = entity.idColumn ? created?.[entity.idColumn] : undefined
    return (
      <CreatedPage
        entity={entity}
        id={id === undefined || id === null ? null : String(id)}
        onAnother={() => {
          setRound(round + 1)
          setTurned(false)
          setCreated(undefined)
          void navigate({ to: '.', search: {}, replace: true })
        }}
      />
    )
  }

  const inSteps = asksInSteps(entity, properties.length, phone, onePage)
  const inStepsOtherwise = inSteps || asksInSteps(entity, properties.length, phone, false)
  const Form = inSteps ? StepForm : RecordForm
  let row: WireRow | undefined
  let notLinked: string | null = null
  return (
    <Form
      key={round}
      entity={entity}
      properties={properties}
      mode="create"
      recordId={newId}
      title={t('form.createTitle', { name: entity.name })}
      above={entity.can.read ? <BackLink to={paths.list(entity.key)} label={entity.plural} /> : null}
      initial={initial}
      draftKey={draftKey(person, entity.key, null)}
      resume={turned || search.step !== undefined}
      links={links.fields}
      linksChanged={links.count}
      otherLayout={
        inStepsOtherwise
          ? {
              label: tx(inSteps ? 'steps.onePage' : 'steps.oneByOne'),
              onChoose: () => {
                setTurned(true)
                void saveSetting('onePage', String(inSteps))
              },
            }
          : undefined
      }
      save={async (drafts) => {
        row = await insertRow(entity.key, createBody(properties, drafts), entity.can.read)
        track('Entity', 'Create', entity.key)
        notLinked = await links.save(row)
        await forgetRows()
      }}
      onSaved={(another) => {
        const id = entity.idColumn ? row?.[entity.idColumn] : undefined
        const label = entity.labelColumn ? row?.[entity.labelColumn] : undefined
        const text = label ? t('form.created', { name: String(label) }) : t('form.createdNoName')
        const message = notLinked
          ? { kind: 'warning' as const, text: `${text} ${notLinked}` }
          : { kind: 'success' as const, text }
        links.clear()
        if (inSteps) {
          if (notLinked) flash(message, 'here')
          setCreated(row ?? null)
          requestAnimationFrame(() => document.querySelector<HTMLElement>('main h1')?.focus())
        } else if (another) {
          flash(message, 'here')
          setRound(round + 1)
          requestAnimationFrame(() => document.querySelector<HTMLElement>('main h1')?.focus())
        } else if (id !== undefined && id !== null) {
          flash(message, 'next-page')
          void navigate({ to: paths.detail(entity.key, String(id)), replace: true })
        } else {
          setCreated(row ?? null)
        }
      }}
      onCancel={() => void navigate({ to: entity.can.read ? paths.list(entity.key) : paths.home() })}
    />
  )
}

function readForEdit(entity: Entity, properties: readonly Property[], id: string, signal?: AbortSignal) {
  const select = new Set(properties.map(editFragment).filter((fragment) => fragment.includes(':')))
  const plain = new Set(properties.map(editFragment))
  for (const column of [entity.idColumn, entity.labelColumn]) if (column) plain.add(column)
  return readVersioned(
    { table: entity.key, select: [...select], fallback: [...plain], conditions: [eq(entity.idColumn ?? 'id', id)] },
    signal,
  )
}

const editQuery = (entity: Entity, properties: readonly Property[], id: string) =>
  queryOptions({
    queryKey: ['record', entity.key, id, 'edit'],
    queryFn: ({ signal }) => readForEdit(entity, properties, id, signal),
    staleTime: 0,
    gcTime: 0,
    refetchOnReconnect: false,
  })

export function EditPage() {
  const { entityKey = '', entityId = '' } = useParams({ strict: false }) as { entityKey?: string; entityId?: string }
  const entity = useModel().entity(entityKey)
  const session = useSession()
  if (session.state === 'starting') return <Loading />
  if (!entity) return <UnknownPage />
  if (!entity.can.update) {
    return session.state === 'signed-in' ? (
      <RefusedPage title={t('refused.editTitle', { name: entity.name })} />
    ) : (
      <SignInPage />
    )
  }
  return <EditRecord key={`${entity.key}/${entityId}`} entity={entity} id={entityId} />
}

function EditRecord({ entity, id }: { entity: Entity; id: string }) {
  const model = useModel()
  const properties = formProperties(model, entity.key, 'edit')
  const query = useQuery(editQuery(entity, properties, id))
  // What the form started with stays, whatever is fetched later.
  const [loaded, setLoaded] = useState<VersionedRow | null>(null)
  if (query.data && !loaded) setLoaded(query.data)
  const back = <BackLink to={paths.detail(entity.key, id)} label={t('app.back')} />
  const heading = t('form.editTitle', { name: entity.name, record: id })

  if (loaded) return <EditForm entity={entity} id={id} properties={properties} loaded={loaded} />
  if (query.isError) {
    const problem = describeProblem(query.error, { attempt: 'read' })
    return (
      <Page title={heading} narrow above={back}>
        <Banner
          kind="error"
          urgent
          title={t('problem.record')}
          facts={problem.facts}
          onRetry={() => void query.refetch()}
        >
          {problem.text}
        </Banner>
      </Page>
    )
  }
  if (query.data === null) {
    return (
      <StatePage
        title={t('recordMissing.title')}
        actions={
          <Link to={paths.list(entity.key)} className={buttonClass('primary')}>
            {t('recordMissing.toList', { name: entity.plural })}
          </Link>
        }
      >
        <p>{t('recordMissing.text')}</p>
      </StatePage>
    )
  }
  return (
    <Page title={heading} narrow above={back}>
      <Loading />
    </Page>
  )
}

interface EditFormProps {
  entity: Entity
  id: string
  properties: readonly Property[]
  loaded: VersionedRow
}

/** Another version was saved first; null when the record is gone. */
interface Conflict {
  theirs: VersionedRow | null
  mine: Drafts
  who: string | null
}

function EditForm({ entity, id, properties, loaded }: EditFormProps) {
  const model = useModel()
  const navigate = useNavigate()
  const person = usePerson()
  const [initial] = useState(() => startEdit(properties, loaded.row))
  const [conflict, setConflict] = useState<Conflict | null>(null)
  const [saving, setSaving] = useState(false)
  const label = entity.labelColumn ? loaded.row[entity.labelColumn] : undefined
  const name = label === null || label === undefined ? id : String(label)
  const back = paths.detail(entity.key, id)
  const key = draftKey(person, entity.key, id)
  const next = useNeighbours(entity.key, id)?.next ?? null
  const shown = useMemo(() => [loaded.row], [loaded.row])
  const changed = useChangedElsewhere(entity.key, entity.idColumn, shown, async () => {
    const now = await readForEdit(entity, properties, id)
    return now ? [now.row] : []
  })
  let nothing = false
  let goTo = back

  /** Saves what differs from `base`, as long as the record still is that version. */
  async function write(drafts: Drafts, base: Drafts, version: string | null) {
    const body = updateBody(properties, base, drafts)
    nothing = Object.keys(body).length === 0
    if (nothing) return
    try {
      await updateRows(entity.key, [eq(entity.idColumn ?? 'id', id)], body, { ifMatch: version })
    } catch (error) {
      if (!(error instanceof PostgrestError) || error.status !== 412) throw error
      const theirs = await readForEdit(entity, properties, id)
      // Still the version that was shown: nobody else saved, this person may not.
      if (theirs && version !== null && theirs.etag === version) throw new NoRowError()
      setConflict({ theirs, mine: drafts, who: theirs ? await changedBy(theirs.row) : null })
      throw new SaveInterrupted()
    }
    track('Entity', 'Edit', entity.key)
    await forgetRows()
  }

  /** What others changed, before anything is saved. */
  const compare = async (mine: Drafts) => {
    try {
      const theirs = await readForEdit(entity, properties, id)
      setConflict({ theirs, mine, who: theirs ? await changedBy(theirs.row) : null })
    } catch (error) {
      flash({ kind: 'warning', text: describeProblem(error, { attempt: 'read' }).text }, 'here')
    }
  }

  const saved = (another: boolean) => {
    if (another && next && goTo === back) goTo = paths.edit(entity.key, next)
    flash(
      nothing ? { kind: 'info', text: t('form.unchanged') } : { kind: 'success', text: t('form.saved', { name }) },
      'next-page',
    )
    void navigate({ to: goTo, replace: true })
  }

  return (
    <RecordForm
      entity={entity}
      properties={properties}
      mode="edit"
      recordId={id}
      title={t('form.editTitle', { name: entity.name, record: name })}
      above={<BackLink to={back} label={t('app.back')} />}
      initial={initial}
      draftKey={key}
      loaded={loaded.row}
      next={next}
      notice={(drafts) =>
        changed > 0 ? (
          <Banner kind="info" actions={<Button onClick={() => void compare(drafts)}>{tx('conflict.show')}</Button>}>
            <span role="status">{tx('conflict.meanwhile')}</span>
          </Banner>
        ) : null
      }
      save={(drafts) => write(drafts, initial, loaded.etag)}
      onSaved={saved}
      onCancel={() => void navigate({ to: back })}
      resolve={(form) => {
        if (!conflict) return null
        const { theirs, mine } = conflict
        const drafts = theirs ? startEdit(properties, theirs.row) : null
        const run = (attempt: () => Promise<void>) => {
          setSaving(true)
          void form.attempt(attempt).finally(() => setSaving(false))
        }
        return (
          <Suspense>
            <ConflictDialog
              theirs={
                theirs && drafts
                  ? { row: theirs.row, drafts, merge: mergeChanges(properties, initial, mine, drafts) }
                  : null
              }
              base={loaded.row}
              mine={mine}
              who={conflict.who}
              saving={saving}
              onSave={(merged) => {
                if (!theirs || !drafts) return
                run(async () => {
                  await write(merged, drafts, theirs.etag)
                  setConflict(null)
                })
              }}
              onAgain={
                entity.can.create
                  ? () =>
                      run(async () => {
                        const fields = formProperties(model, entity.key, 'create')
                        const row = await insertRow(entity.key, createBody(fields, mine), entity.can.read)
                        const key = entity.idColumn ? row?.[entity.idColumn] : undefined
                        goTo = key === undefined ? paths.list(entity.key) : paths.detail(entity.key, String(key))
                        setConflict(null)
                        await forgetRows()
                      })
                  : null
              }
              onBack={() => setConflict(null)}
              onDiscard={() => {
                form.abandon()
                void navigate({ to: theirs ? back : paths.list(entity.key), replace: true })
              }}
            />
          </Suspense>
        )
      }}
    />
  )
}
