// Dashboards for administrators: the list of them, and one with its widgets beside a live preview.
// Nothing is written before Save.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link, useBlocker, useNavigate, useParams } from '@tanstack/react-router'
import { useId, useState } from 'react'
import { RefusedPage, SignInPage } from '~/components/access'
import { Banner } from '~/components/banner'
import { Button, buttonClass } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { FormDialog } from '~/components/form-dialog'
import { Icon } from '~/components/icon'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { paths } from '~/config/paths'
import { useSession } from '~/lib/auth/session'
import { flash } from '~/lib/flash'
import { t } from '~/lib/i18n/t'
import { deleteRows, insertRow, readRows, updateRows, type WireRow } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { type Dashboard, dashboardQuery, type Widget } from './dashboard-data'
import { DashboardGrid } from './dashboard-view'
import { tx } from './texts'
import { nameOfWidget, WidgetDialog } from './widget-dialog'

const SCHEMA = { schema: 'metadata' } as const

const allQuery = queryOptions({
  queryKey: ['dashboards-admin'],
  queryFn: ({ signal }) =>
    readRows(
      {
        table: 'dashboards',
        select: ['id', 'display_name', 'description', 'is_default', 'is_public', 'sort_order'],
        order: [
          { by: 'sort_order', dir: 'asc' },
          { by: 'display_name', dir: 'asc' },
        ],
      },
      signal,
      'metadata',
    ),
})

async function refresh() {
  await Promise.all(
    ['dashboards-admin', 'dashboards', 'dashboard'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })),
  )
}

/** The server decides on each write; this only keeps people out of pages that could not work. */
function Gate({ title, children }: { title: string; children: React.ReactNode }) {
  const session = useSession()
  if (session.state === 'starting') return <Loading />
  if (session.state === 'anonymous') return <SignInPage />
  return session.person.roles.includes('admin') ? children : <RefusedPage title={t('refused.title', { name: title })} />
}

export function DashboardsPage() {
  return (
    <Gate title={tx('list.title')}>
      <DashboardList />
    </Gate>
  )
}

function DashboardList() {
  const navigate = useNavigate()
  const query = useQuery(allQuery)
  const [waiting, setWaiting] = useState(false)
  const add = async () => {
    if (waiting) return
    setWaiting(true)
    try {
      const values = { display_name: tx('list.add'), is_public: true, sort_order: query.data?.length ?? 0 }
      const row = await insertRow('dashboards', values, true, 'metadata')
      await refresh()
      void navigate({ to: paths.dashboardEditor(String(row?.id)) })
    } catch (error) {
      flash({ kind: 'warning', text: describeProblem(error, { attempt: 'create' }).text }, 'here')
      setWaiting(false)
    }
  }
  return (
    <Page
      title={tx('list.title')}
      below={<p className="co-muted">{tx('list.help')}</p>}
      actions={
        <Button look="primary" icon="plus" waiting={waiting} onClick={() => void add()}>
          {tx('list.add')}
        </Button>
      }
    >
      {query.isError ? (
        <Banner kind="error" urgent onRetry={() => void query.refetch()}>
          {describeProblem(query.error, { attempt: 'read' }).text}
        </Banner>
      ) : query.isPending ? (
        <Loading />
      ) : (
        <ul className="co-stack co-stack-tight">
          {query.data.map((row) => {
            const id = String(row.id)
            const name = String(row.display_name)
            return (
              <li key={id} className="co-card co-spread">
                <span>
                  <strong dir="auto">{name}</strong>
                  <span className="co-muted">
                    {row.is_default === true ? ` · ${tx('list.default')}` : ''}
                    {row.is_public === false ? ` · ${tx('list.private')}` : ''}
                  </span>
                </span>
                <span className="co-row">
                  <Link to={paths.dashboard(id)} className={buttonClass('quiet')}>
                    {tx('list.open', { name })}
                  </Link>
                  <Link to={paths.dashboardEditor(id)} className={buttonClass()}>
                    <Icon name="edit" />
                    <span>{tx('list.edit', { name })}</span>
                  </Link>
                </span>
              </li>
            )
          })}
        </ul>
      )}
    </Page>
  )
}

export function DashboardEditorPage() {
  const { id = '' } = useParams({ strict: false }) as { id?: string }
  const number = /^\d{1,9}$/.test(id) ? Number(id) : 0
  const query = useQuery({ ...dashboardQuery(number), staleTime: 0 })
  const facts = useQuery(allQuery)
  const row = facts.data?.find((candidate) => Number(candidate.id) === number)
  return (
    <Gate title={tx('list.title')}>
      {query.data && row ? (
        <Editor key={number} dashboard={query.data} facts={row} />
      ) : query.isError || facts.isError || query.data === null ? (
        <Page title={tx('list.title')}>
          <Banner kind="error" urgent onRetry={() => void query.refetch()}>
            {query.error ? describeProblem(query.error, { attempt: 'read' }).text : t('dashboard.missing')}
          </Banner>
        </Page>
      ) : (
        <Page title={tx('list.title')}>
          <Loading />
        </Page>
      )}
    </Gate>
  )
}

interface Draft {
  name: string
  description: string
  isDefault: boolean
  isPublic: boolean
  /** New widgets have negative numbers. */
  widgets: readonly Widget[]
}

const wireOf = (widget: Widget, position: number): WireRow => ({
  widget_type: widget.widget_type,
  title: widget.title,
  entity_key: widget.entity_key,
  refresh_interval_seconds: widget.refresh_interval_seconds,
  sort_order: position,
  width: widget.width ?? 1,
  height: widget.height ?? 1,
  config: widget.config ?? {},
})

async function write(id: number, before: Draft, draft: Draft) {
  const { name, description, isDefault, isPublic } = draft
  if (isDefault && !before.isDefault) {
    await updateRows('dashboards', [eq('is_default', 'true')], { is_default: false }, SCHEMA).catch(() => undefined)
  }
  const values = {
    display_name: name.trim(),
    description: description.trim() || null,
    is_default: isDefault,
    is_public: isPublic,
  }
  await updateRows('dashboards', [eq('id', id)], values, SCHEMA)
  const kept = new Set(draft.widgets.map((widget) => widget.id))
  for (const widget of before.widgets) {
    if (!kept.has(widget.id)) await deleteRows('dashboard_widgets', [eq('id', widget.id)], 'id', SCHEMA)
  }
  for (const [position, widget] of draft.widgets.entries()) {
    const row = wireOf(widget, position)
    if (widget.id < 0) await insertRow('dashboard_widgets', { ...row, dashboard_id: id }, false, 'metadata')
    else {
      const old = before.widgets.findIndex((candidate) => candidate.id === widget.id)
      const same = old === position && JSON.stringify(before.widgets[old]) === JSON.stringify(widget)
      if (!same) await updateRows('dashboard_widgets', [eq('id', widget.id)], row, SCHEMA)
    }
  }
}

function moved<T>(items: readonly T[], from: number, step: -1 | 1): T[] {
  const next = [...items]
  const [item] = next.splice(from, 1)
  if (item !== undefined) next.splice(from + step, 0, item)
  return next
}

function Editor({ dashboard, facts }: { dashboard: Dashboard; facts: WireRow }) {
  const navigate = useNavigate()
  const formId = useId()
  const [before, setBefore] = useState<Draft>({
    name: dashboard.display_name,
    description: dashboard.description ?? '',
    isDefault: facts.is_default === true,
    isPublic: facts.is_public !== false,
    widgets: dashboard.widgets,
  })
  const [draft, setDraft] = useState(before)
  const [open, setOpen] = useState<number | null>(null)
  const [deleting, setDeleting] = useState(false)
  const [saving, setSaving] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const dirty = JSON.stringify(before) !== JSON.stringify(draft)
  const change = (part: Partial<Draft>) => setDraft((all) => ({ ...all, ...part }))
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => dirty && current.pathname !== next.pathname,
    enableBeforeUnload: () => dirty,
    withResolver: true,
  })

  const save = async () => {
    if (saving) return
    if (draft.name.trim() === '') return setProblem(tx('edit.needName'))
    setSaving(true)
    setProblem(null)
    try {
      await write(dashboard.id, before, draft)
      await refresh()
      const fresh = await queryClient.fetchQuery({ ...dashboardQuery(dashboard.id), staleTime: 0 })
      const settled = { ...draft, widgets: fresh?.widgets ?? draft.widgets }
      setBefore(settled)
      setDraft(settled)
      flash({ kind: 'success', text: tx('edit.saved') }, 'here')
    } catch (error) {
      setProblem(describeProblem(error, { attempt: 'update' }).text)
    }
    setSaving(false)
  }
  const addWidget = () => {
    const id = Math.min(0, ...draft.widgets.map((widget) => widget.id)) - 1
    const widget: Widget = {
      id,
      widget_type: 'filtered_list',
      title: null,
      entity_key: null,
      sort_order: draft.widgets.length,
      width: 1,
      height: 1,
      refresh_interval_seconds: null,
      config: {},
    }
    change({ widgets: [...draft.widgets, widget] })
    setOpen(id)
  }
  const edited = draft.widgets.find((widget) => widget.id === open)

  return (
    <Page
      title={tx('edit.title', { name: dashboard.display_name })}
      above={
        <Link to={paths.dashboards()} className="co-back-link">
          <Icon name="chevronLeft" size={16} />
          {tx('list.title')}
        </Link>
      }
      actions={
        <>
          <Button look="primary" waiting={saving} onClick={() => void save()}>
            {saving ? t('form.saving') : tx('edit.save')}
          </Button>
          {dirty ? <Button onClick={() => setDraft(before)}>{tx('edit.discard')}</Button> : null}
          <Button look="quiet" icon="trash" onClick={() => setDeleting(true)}>
            {tx('edit.delete')}
          </Button>
        </>
      }
      below={
        <p role="status" className="co-muted co-small">
          {dirty ? tx('edit.unsaved') : null}
        </p>
      }
    >
      {problem ? (
        <Banner kind="error" urgent>
          {problem}
        </Banner>
      ) : null}
      <section className="co-card co-stack" aria-label={t('detail.details')}>
        {(['name', 'description'] as const).map((field) => (
          <div key={field} className="co-bound">
            <label htmlFor={`${formId}-${field}`}>{tx(`edit.${field}`)}</label>
            <input
              id={`${formId}-${field}`}
              className="co-input"
              dir="auto"
              value={draft[field]}
              onChange={(event) => change({ [field]: event.target.value })}
            />
          </div>
        ))}
        <div className="co-editor-flags">
          {(['isDefault', 'isPublic'] as const).map((flag) => (
            <label key={flag} className="co-check-row">
              <input
                type="checkbox"
                className="co-check"
                checked={draft[flag]}
                onChange={(event) => change({ [flag]: event.target.checked })}
              />
              {tx(`edit.${flag}`)}
            </label>
          ))}
        </div>
      </section>
      <section className="co-card co-stack">
        <div className="co-spread">
          <h2 className="co-h3">{tx('edit.widgets')}</h2>
          <Button icon="plus" onClick={addWidget}>
            {tx('edit.addWidget')}
          </Button>
        </div>
        <ol className="co-editor-widgets">
          {draft.widgets.map((widget, index) => {
            const name = nameOfWidget(widget, index)
            return (
              <li key={widget.id} className="co-spread">
                <span>
                  <strong dir="auto">{name}</strong>
                </span>
                <span className="co-row">
                  <label className="co-check-row co-small">
                    <input
                      type="checkbox"
                      className="co-check"
                      checked={(widget.width ?? 1) >= 2}
                      onChange={(event) =>
                        change({
                          widgets: draft.widgets.map((other) =>
                            other === widget ? { ...widget, width: event.target.checked ? 2 : 1 } : other,
                          ),
                        })
                      }
                    />
                    {tx('edit.wide')}
                    <span className="co-hidden">: {name}</span>
                  </label>
                  {([-1, 1] as const).map((step) => {
                    const blocked = step === -1 ? index === 0 : index === draft.widgets.length - 1
                    return (
                      <Button
                        key={step}
                        look="quiet"
                        icon={step === -1 ? 'sortAscending' : 'sortDescending'}
                        iconOnly
                        aria-disabled={blocked || undefined}
                        onClick={() => blocked || change({ widgets: moved(draft.widgets, index, step) })}
                      >
                        {t(step === -1 ? 'admin.moveUp' : 'admin.moveDown', { name })}
                      </Button>
                    )
                  })}
                  <Button look="quiet" icon="edit" iconOnly onClick={() => setOpen(widget.id)}>
                    {tx('edit.configure', { name })}
                  </Button>
                  <Button
                    look="quiet"
                    icon="trash"
                    iconOnly
                    onClick={() => change({ widgets: draft.widgets.filter((other) => other !== widget) })}
                  >
                    {tx('edit.remove', { name })}
                  </Button>
                </span>
              </li>
            )
          })}
        </ol>
      </section>
      <section className="co-stack" aria-labelledby={`${formId}-preview`}>
        <h2 id={`${formId}-preview`}>{tx('edit.preview')}</h2>
        <DashboardGrid dashboard={{ ...dashboard, widgets: [...draft.widgets] }} />
      </section>
      {edited ? (
        <WidgetDialog
          key={edited.id}
          widget={edited}
          onApply={(next) => {
            change({ widgets: draft.widgets.map((other) => (other.id === next.id ? next : other)) })
            setOpen(null)
          }}
          onClose={() => setOpen(null)}
        />
      ) : null}
      {deleting ? (
        <FormDialog
          title={tx('edit.deleteTitle', { name: dashboard.display_name })}
          onClose={() => setDeleting(false)}
          submit={t('detail.delete')}
          danger
          icon="trash"
          attempt="delete"
          onSubmit={async () => {
            await deleteRows('dashboards', [eq('id', dashboard.id)], 'id', SCHEMA)
            setDraft(before)
            await refresh()
            void navigate({ to: paths.dashboards(), replace: true })
            return undefined
          }}
        >
          <p>{t('detail.deleteWarning')}</p>
        </FormDialog>
      ) : null}
      {blocker.status === 'blocked' ? (
        <Dialog
          title={t('form.leaveTitle')}
          onClose={blocker.reset}
          actions={
            <>
              <Button look="primary" data-autofocus onClick={blocker.reset}>
                {t('form.keepEditing')}
              </Button>
              <Button onClick={blocker.proceed}>{t('form.leave')}</Button>
            </>
          }
        >
          <p>{t('form.leaveText')}</p>
        </Dialog>
      ) : null}
    </Page>
  )
}
