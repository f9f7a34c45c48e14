// Statuses by kind: names, colours, order, where records begin and end.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useId, useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { FormDialog } from '~/components/form-dialog'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { StatusBadge } from '~/components/status-badge'
import { t } from '~/lib/i18n/t'
import { deleteRows, insertRow, readRows, updateRows, type WireRow } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { AdminGate } from './admin-gate'
import { AutosaveText } from './autosave-text'
import { MoveButtons } from './move-buttons'
import { moved } from './order'
import { SaveNote } from './save-note'
import { tx } from './texts'
import { useAutosave } from './use-autosave'
import './admin.css'

const SCHEMA = { schema: 'metadata' } as const

const typesQuery = queryOptions({
  queryKey: ['status-types'],
  queryFn: ({ signal }) =>
    readRows(
      { table: 'status_types', select: ['entity_type', 'description'], order: [{ by: 'entity_type', dir: 'asc' }] },
      signal,
      'metadata',
    ),
})

const statusesOf = (type: string) =>
  queryOptions({
    queryKey: ['statuses-admin', type],
    queryFn: ({ signal }) =>
      readRows(
        {
          table: 'statuses',
          select: ['*'],
          conditions: [eq('entity_type', type)],
          order: [
            { by: 'sort_order', dir: 'asc' },
            { by: 'id', dir: 'asc' },
          ],
        },
        signal,
        'metadata',
      ),
    enabled: type !== '',
  })

async function refresh() {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: ['statuses-admin'] }),
    queryClient.invalidateQueries({ queryKey: ['schema', 'statuses'] }),
    queryClient.invalidateQueries({ queryKey: ['rows'] }),
  ])
}

export function StatusesPage() {
  return (
    <AdminGate title={t('admin.statuses')}>
      <Statuses />
    </AdminGate>
  )
}

function Statuses() {
  const navigate = useNavigate()
  const id = useId()
  const { type: wanted } = useSearch({ strict: false }) as { type?: string }
  const types = useQuery(typesQuery)
  const names = (types.data ?? []).map((row) => String(row.entity_type))
  const type = names.find((name) => name === wanted) ?? names[0] ?? ''
  const query = useQuery(statusesOf(type))
  const autosave = useAutosave()
  const [dialog, setDialog] = useState<'status' | 'type' | WireRow | null>(null)
  const rows = query.data ?? []
  const problem = types.error ?? query.error

  const change = (row: WireRow, values: WireRow) =>
    autosave.run(String(row.id), async () => {
      // Only one status of a kind may be the first.
      if (values.is_initial === true) {
        for (const other of rows.filter((candidate) => candidate.is_initial === true)) {
          await updateRows('statuses', [eq('id', String(other.id))], { is_initial: false }, SCHEMA)
        }
      }
      await updateRows('statuses', [eq('id', String(row.id))], values, SCHEMA)
      await refresh()
    })
  const move = (from: number, step: -1 | 1) => {
    const next = moved(rows, from, step)
    const row = rows[from]
    if (!row || next === rows) return
    void autosave.run(String(row.id), async () => {
      await Promise.all(
        next.map((member, index) =>
          updateRows('statuses', [eq('id', String(member.id))], { sort_order: index }, SCHEMA),
        ),
      )
      await refresh()
    })
  }

  return (
    <Page
      title={t('admin.statuses')}
      below={<p className="co-muted">{tx('statuses.help')}</p>}
      actions={
        <>
          {type ? (
            <Button look="primary" icon="plus" onClick={() => setDialog('status')}>
              {tx('statuses.add')}
            </Button>
          ) : null}
          <Button icon="plus" onClick={() => setDialog('type')}>
            {tx('statuses.addType')}
          </Button>
        </>
      }
    >
      {problem ? (
        <Banner kind="error" urgent onRetry={() => void query.refetch()}>
          {describeProblem(problem, { attempt: 'read' }).text}
        </Banner>
      ) : null}
      {names.length > 0 ? (
        <div className="co-bound co-admin-choice">
          <label htmlFor={id} className="co-small">
            {tx('statuses.type')}
          </label>
          <select
            id={id}
            className="co-input"
            value={type}
            onChange={(event) => void navigate({ to: '.', search: { type: event.target.value } })}
          >
            {names.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </div>
      ) : types.data ? (
        <p>{tx('statuses.none')}</p>
      ) : null}
      {type && query.isPending ? <Loading /> : null}
      <ol className="co-admin-list" key={type}>
        {rows.map((row, index) => {
          const name = String(row.display_name)
          return (
            <li key={String(row.id)} className="co-card co-admin-entity">
              <div className="co-spread">
                <StatusBadge
                  label={name}
                  color={typeof row.color === 'string' ? row.color : null}
                  kind={row.is_terminal === true ? 'terminal' : row.is_initial === true ? 'initial' : 'open'}
                />
                <span className="co-row">
                  <SaveNote state={autosave.stateOf(String(row.id))} />
                  <MoveButtons
                    name={name}
                    first={index === 0}
                    last={index === rows.length - 1}
                    onMove={(step) => move(index, step)}
                  />
                  <Button look="quiet" icon="trash" iconOnly onClick={() => setDialog(row)}>
                    {tx('statuses.delete', { name })}
                  </Button>
                </span>
              </div>
              <div className="co-admin-fields">
                <AutosaveText
                  label={tx('statuses.name')}
                  value={name}
                  onSave={(text) => text.trim() && void change(row, { display_name: text.trim() })}
                />
                <AutosaveText
                  label={tx('statuses.description')}
                  value={String(row.description ?? '')}
                  onSave={(text) => void change(row, { description: text.trim() || null })}
                />
                <ColorSetting value={String(row.color ?? '#3B82F6')} onSave={(color) => void change(row, { color })} />
              </div>
              <div className="co-admin-flags">
                {(['is_initial', 'is_terminal'] as const).map((flag) => (
                  <label key={flag} className="co-check-row">
                    <input
                      type="checkbox"
                      className="co-check"
                      checked={row[flag] === true}
                      onChange={(event) => void change(row, { [flag]: event.target.checked })}
                    />
                    {tx(flag === 'is_initial' ? 'statuses.initial' : 'statuses.terminal')}
                  </label>
                ))}
              </div>
            </li>
          )
        })}
      </ol>
      {dialog === 'status' ? (
        <AddDialog
          title={tx('statuses.add')}
          label={tx('statuses.name')}
          check={(text) => (text === '' ? tx('statuses.needName') : null)}
          onClose={() => setDialog(null)}
          onAdd={async (name) => {
            const values = { entity_type: type, display_name: name, sort_order: rows.length }
            await insertRow('statuses', values, false, 'metadata')
            await refresh()
            return undefined
          }}
        />
      ) : dialog === 'type' ? (
        <AddDialog
          title={tx('statuses.addType')}
          label={tx('statuses.typeKey')}
          check={(text) => (/^[a-z][a-z0-9_]*$/.test(text) ? null : tx('statuses.badKey'))}
          onClose={() => setDialog(null)}
          onAdd={async (key) => {
            await insertRow('status_types', { entity_type: key }, false, 'metadata')
            await queryClient.invalidateQueries({ queryKey: ['status-types'] })
            void navigate({ to: '.', search: { type: key } })
            return undefined
          }}
        />
      ) : dialog ? (
        <DeleteDialog row={dialog} onClose={() => setDialog(null)} />
      ) : null}
    </Page>
  )
}

function ColorSetting({ value, onSave }: { value: string; onSave: (color: string) => void }) {
  const id = useId()
  return (
    <div className="co-bound">
      <label htmlFor={id} className="co-small">
        {tx('statuses.color')}
      </label>
      <input
        id={id}
        type="color"
        className="co-color-well"
        key={value}
        defaultValue={value.toLowerCase()}
        onBlur={(event) => {
          const next = event.target.value.toUpperCase()
          if (next !== value.toUpperCase()) onSave(next)
        }}
      />
    </div>
  )
}

interface AddDialogProps {
  title: string
  label: string
  /** What is wrong with the text; null when it may be sent. */
  check: (text: string) => string | null
  onAdd: (text: string) => Promise<undefined>
  onClose: () => void
}

function AddDialog({ title, label, check, onAdd, onClose }: AddDialogProps) {
  const id = useId()
  const [text, setText] = useState('')
  return (
    <FormDialog
      title={title}
      onClose={onClose}
      submit={t('form.save')}
      attempt="create"
      onSubmit={async () => check(text.trim()) ?? (await onAdd(text.trim()))}
    >
      <div className="co-bound">
        <label htmlFor={id}>{label}</label>
        <input
          id={id}
          className="co-input"
          data-autofocus
          autoComplete="off"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
    </FormDialog>
  )
}

function DeleteDialog({ row, onClose }: { row: WireRow; onClose: () => void }) {
  return (
    <FormDialog
      title={tx('statuses.deleteTitle', { name: String(row.display_name) })}
      onClose={onClose}
      submit={t('detail.delete')}
      danger
      icon="trash"
      attempt="delete"
      onSubmit={async () => {
        await deleteRows('statuses', [eq('id', String(row.id))], 'id', SCHEMA)
        await refresh()
        return undefined
      }}
    >
      <p>{t('detail.deleteWarning')}</p>
    </FormDialog>
  )
}
