// Who may do what: one role at a time, a box per record type and right. Each box saves alone and
// only shows what the server has confirmed.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useId, useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { flash } from '~/lib/flash'
import type { MessageKey } from '~/lib/i18n/messages-en'
import { t } from '~/lib/i18n/t'
import { useModel } from '~/lib/metadata/model-context'
import { callRpc, readRpc } from '~/lib/postgrest/client'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { AdminGate } from './admin-gate'
import { SaveNote } from './save-note'
import { assertSuccess, useAutosave } from './use-autosave'
import './admin.css'

const RIGHTS = ['create', 'read', 'update', 'delete'] as const
const RIGHT_NAMES: Readonly<Record<(typeof RIGHTS)[number], MessageKey>> = {
  create: 'right.create',
  read: 'right.read',
  update: 'right.update',
  delete: 'right.delete',
}

export const rolesQuery = queryOptions({
  queryKey: ['roles'],
  queryFn: async ({ signal }) =>
    (await readRpc('get_roles', {}, signal)).map((row) => ({
      id: Number(row.id),
      name: String(row.display_name),
      description: typeof row.description === 'string' ? row.description : '',
    })),
})

const permissionsQuery = (role: number | null) =>
  queryOptions({
    queryKey: ['role-permissions', role],
    queryFn: async ({ signal }) => {
      const granted = new Set<string>()
      const tables = new Set<string>()
      for (const row of await readRpc('get_role_permissions', { p_role_id: role }, signal)) {
        tables.add(String(row.table_name))
        if ([true, 't', 'true'].includes(row.has_permission as boolean | string)) {
          granted.add(`${row.table_name}.${row.permission_type}`)
        }
      }
      return { granted, tables }
    },
    structuralSharing: false,
    enabled: role !== null,
  })

export function PermissionsPage() {
  return (
    <AdminGate title={t('admin.permissions')}>
      <Permissions />
    </AdminGate>
  )
}

function Permissions() {
  const model = useModel()
  const navigate = useNavigate()
  const { role: wanted } = useSearch({ strict: false }) as { role?: string }
  const roleId = useId()
  const [adding, setAdding] = useState(false)
  const roles = useQuery(rolesQuery)
  const role = roles.data?.find((candidate) => String(candidate.id) === wanted) ?? roles.data?.[0] ?? null
  const permissions = useQuery(permissionsQuery(role?.id ?? null))
  const autosave = useAutosave()
  const problem = roles.error ?? permissions.error
  const names = new Map(model.entities.map((entity) => [entity.key, entity.plural]))
  const tables = [...new Set([...names.keys(), ...(permissions.data?.tables ?? [])])].sort((a, b) =>
    (names.get(a) ?? a).localeCompare(names.get(b) ?? b),
  )

  const toggle = async (table: string, right: string, enabled: boolean) => {
    if (!role) return
    await autosave.run(`${role.id}.${table}`, async () => {
      assertSuccess(
        await callRpc('set_role_permission', {
          p_role_id: role.id,
          p_table_name: table,
          p_permission: right,
          p_enabled: enabled,
        }),
      )
      await queryClient.invalidateQueries({ queryKey: ['role-permissions', role.id] })
    })
    void queryClient.invalidateQueries({ queryKey: ['schema'] })
  }

  return (
    <Page
      title={t('admin.permissions')}
      below={<p className="co-muted">{t('admin.permissionsHelp')}</p>}
      actions={
        <Button look="primary" icon="plus" onClick={() => setAdding(true)}>
          {t('admin.addRole')}
        </Button>
      }
    >
      {problem ? (
        <Banner
          kind="error"
          urgent
          onRetry={() => {
            void roles.refetch()
            void permissions.refetch()
          }}
        >
          {describeProblem(problem, { attempt: 'read' }).text}
        </Banner>
      ) : null}
      {roles.data && role ? (
        <label htmlFor={roleId} className="co-bound co-admin-choice">
          <span className="co-small">{t('admin.role')}</span>
          <select
            id={roleId}
            className="co-input"
            value={role.id}
            onChange={(event) => void navigate({ to: '.', search: { role: event.target.value } })}
          >
            {roles.data.map((candidate) => (
              <option key={candidate.id} value={candidate.id}>
                {candidate.name}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      {role?.description ? <p>{role.description}</p> : null}
      {permissions.data && role ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
        <section className="co-admin-scroll" tabIndex={0} aria-label={t('admin.permissions')}>
          <table className="co-admin-table">
            <caption className="co-hidden">{t('admin.permissionsOf', { role: role.name })}</caption>
            <thead>
              <tr>
                <th scope="col">{t('profile.recordType')}</th>
                {RIGHTS.map((right) => (
                  <th key={right} scope="col">
                    {t(RIGHT_NAMES[right])}
                  </th>
                ))}
                <td />
              </tr>
            </thead>
            <tbody>
              {tables.map((table) => (
                <tr key={table}>
                  <th scope="row" dir="auto">
                    {names.get(table) ?? table}
                  </th>
                  {RIGHTS.map((right) => (
                    <td key={right}>
                      <input
                        type="checkbox"
                        className="co-check"
                        aria-label={t('admin.rightLabel', {
                          right: t(RIGHT_NAMES[right]),
                          name: names.get(table) ?? table,
                        })}
                        checked={permissions.data.granted.has(`${table}.${right}`)}
                        onChange={(event) => void toggle(table, right, event.target.checked)}
                      />
                    </td>
                  ))}
                  <td>
                    <SaveNote state={autosave.stateOf(`${role.id}.${table}`)} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : problem ? null : (
        <Loading />
      )}
      {adding ? (
        <AddRoleDialog
          onClose={() => setAdding(false)}
          onAdded={(id) => {
            setAdding(false)
            void navigate({ to: '.', search: { role: String(id) } })
          }}
        />
      ) : null}
    </Page>
  )
}

export function AddRoleDialog({ onClose, onAdded }: { onClose: () => void; onAdded: (id: number) => void }) {
  const nameId = useId()
  const descriptionId = useId()
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const [waiting, setWaiting] = useState(false)
  const valid = /^[\w-]+$/.test(name)

  async function add() {
    if (waiting) return
    if (!valid) {
      setProblem(t('admin.roleNameForm'))
      return
    }
    setWaiting(true)
    try {
      const answer = await callRpc('create_role', { p_display_name: name, p_description: description || null })
      assertSuccess(answer)
      await queryClient.invalidateQueries({ queryKey: ['roles'] })
      flash({ kind: 'success', text: t('admin.roleAdded', { name }) }, 'here')
      onAdded(Number((answer as { role_id?: unknown }).role_id))
    } catch (error) {
      setProblem(describeProblem(error, { attempt: 'create' }).text)
      setWaiting(false)
    }
  }

  return (
    <Dialog
      title={t('admin.addRole')}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" waiting={waiting} onClick={() => void add()}>
            {t('admin.addRole')}
          </Button>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
        </>
      }
    >
      <div className="co-stack">
        {problem ? (
          <Banner kind="error" urgent>
            {problem}
          </Banner>
        ) : null}
        <label htmlFor={nameId} className="co-bound">
          <span className="co-field-label">{t('admin.roleName')}</span>
          <input
            id={nameId}
            data-autofocus
            className="co-input"
            value={name}
            required
            autoComplete="off"
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label htmlFor={descriptionId} className="co-bound">
          <span className="co-field-label">{t('admin.description')}</span>
          <input
            id={descriptionId}
            className="co-input"
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        </label>
        <p className="co-muted">{t('admin.roleInProvider')}</p>
      </div>
    </Dialog>
  )
}
