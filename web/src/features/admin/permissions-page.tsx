// Who may do what: one role at a time, a box per record type and right. Each box saves alone and
// only shows what the server has confirmed.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type KeyboardEvent, useId, useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { FormDialog } from '~/components/form-dialog'
import { Icon } from '~/components/icon'
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
import { tx } from './texts'
import { assertSuccess, useAutosave } from './use-autosave'
import '~/components/register.css'
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

type Granted = ReadonlySet<string>

/** What about the rights of a table deserves a second look; null for nothing. */
function riskOf(role: string, table: string, granted: Granted): string | null {
  const has = (right: string) => granted.has(`${table}.${right}`)
  const writes = has('create') || has('update') || has('delete')
  if (role === 'anonymous' && writes) return tx('permissions.anonymousWrites')
  return (has('update') || has('delete')) && !has('read') ? tx('permissions.blindWrites') : null
}

/** Rows down and columns aside. */
const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
}

/** Arrow keys go from box to box; the boxes stay in the order of Tab. */
function moveBetweenBoxes(event: KeyboardEvent<HTMLTableSectionElement>): void {
  const step = STEPS[event.key]
  const cell = (event.target as HTMLElement).closest('td')
  const row = cell?.closest('tr')
  if (!step || !cell || !row) return
  const rows = [...event.currentTarget.rows]
  const [down, aside] = step
  const inline = document.documentElement.dir === 'rtl' ? -aside : aside
  const next = rows[rows.indexOf(row) + down]?.cells[cell.cellIndex + inline]?.querySelector('input')
  if (!next) return
  event.preventDefault()
  next.focus()
}

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
  const search = useSearch({ strict: false }) as { role?: string; compare?: string }
  const roleId = useId()
  const [find, setFind] = useState('')
  const [onlyGranted, setOnlyGranted] = useState(false)
  const [adding, setAdding] = useState(false)
  const roles = useQuery(rolesQuery)
  const role = roles.data?.find((candidate) => String(candidate.id) === search.role) ?? roles.data?.[0] ?? null
  const other = roles.data?.find((candidate) => String(candidate.id) === search.compare && candidate !== role) ?? null
  const permissions = useQuery(permissionsQuery(role?.id ?? null))
  const compared = useQuery(permissionsQuery(other?.id ?? null))
  const autosave = useAutosave()
  const problem = roles.error ?? permissions.error ?? compared.error
  const names = new Map(model.entities.map((entity) => [entity.key, entity.plural]))
  const tables = [...new Set([...names.keys(), ...(permissions.data?.tables ?? [])])].sort((a, b) =>
    (names.get(a) ?? a).localeCompare(names.get(b) ?? b),
  )
  const term = find.trim().toLocaleLowerCase()
  const shown = tables.filter(
    (table) =>
      `${names.get(table) ?? ''} ${table}`.toLocaleLowerCase().includes(term) &&
      (!onlyGranted || RIGHTS.some((right) => permissions.data?.granted.has(`${table}.${right}`))),
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
        <div className="co-register-filters">
          <RoleChoice
            id={roleId}
            label={t('admin.role')}
            roles={roles.data}
            value={String(role.id)}
            onChange={(id) => void navigate({ to: '.', search: { ...search, role: id } })}
          />
          <RoleChoice
            id={`${roleId}-compare`}
            label={tx('permissions.compare')}
            none={tx('permissions.noCompare')}
            roles={roles.data.filter((candidate) => candidate !== role)}
            value={other ? String(other.id) : ''}
            onChange={(id) => void navigate({ to: '.', search: { ...search, compare: id || undefined } })}
          />
          <div className="co-bound">
            <label htmlFor={`${roleId}-find`} className="co-small">
              {tx('permissions.find')}
            </label>
            <input
              id={`${roleId}-find`}
              type="search"
              className="co-input"
              autoComplete="off"
              value={find}
              onChange={(event) => setFind(event.target.value)}
            />
          </div>
          <label className="co-check-row">
            <input
              type="checkbox"
              className="co-check"
              checked={onlyGranted}
              onChange={(event) => setOnlyGranted(event.target.checked)}
            />
            {tx('permissions.onlyGranted')}
          </label>
        </div>
      ) : null}
      {role?.description ? <p>{role.description}</p> : null}
      {permissions.data && role && shown.length === 0 ? (
        <p role="status">{tx('permissions.none')}</p>
      ) : permissions.data && role ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
        <section className="co-admin-scroll" tabIndex={0} aria-label={t('admin.permissions')}>
          <table className="co-admin-table co-card-table co-card-matrix">
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
            <tbody onKeyDown={moveBetweenBoxes}>
              {shown.map((table) => (
                <tr key={table}>
                  <th scope="row" dir="auto">
                    {names.get(table) ?? <code>{table}</code>}
                  </th>
                  {RIGHTS.map((right) => (
                    <td key={right}>
                      <label className="co-right">
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
                        <span className="co-cards-only">{t(RIGHT_NAMES[right])}</span>
                      </label>
                      {other && compared.data ? (
                        <span className="co-muted co-small co-compared">
                          {compared.data.granted.has(`${table}.${right}`) ? <Icon name="check" size={16} /> : '–'}
                          <span className="co-hidden">
                            {other.name}: {t(compared.data.granted.has(`${table}.${right}`) ? 'value.yes' : 'value.no')}
                          </span>
                        </span>
                      ) : null}
                    </td>
                  ))}
                  <td>
                    <Risk text={riskOf(role.name, table, permissions.data.granted)} />
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

function Risk({ text }: { text: string | null }) {
  return text ? (
    <span className="co-row co-nowrap co-tight co-small co-risk">
      <Icon name="alert" size={16} />
      {text}
    </span>
  ) : null
}

interface RoleChoiceProps {
  id: string
  label: string
  /** Words for no role; absent where one is always chosen. */
  none?: string
  roles: readonly { id: number; name: string }[]
  value: string
  onChange: (id: string) => void
}

function RoleChoice({ id, label, none, roles, value, onChange }: RoleChoiceProps) {
  return (
    <div className="co-bound">
      <label htmlFor={id} className="co-small">
        {label}
      </label>
      <select id={id} className="co-input" value={value} onChange={(event) => onChange(event.target.value)}>
        {none === undefined ? null : <option value="">{none}</option>}
        {roles.map((role) => (
          <option key={role.id} value={role.id}>
            {role.name}
          </option>
        ))}
      </select>
    </div>
  )
}

export function AddRoleDialog({ onClose, onAdded }: { onClose: () => void; onAdded: (id: number) => void }) {
  const nameId = useId()
  const descriptionId = useId()
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  return (
    <FormDialog
      title={t('admin.addRole')}
      onClose={onClose}
      submit={t('admin.addRole')}
      attempt="create"
      onSubmit={async () => {
        if (!/^[\w-]+$/.test(name)) return t('admin.roleNameForm')
        const answer = await callRpc('create_role', { p_display_name: name, p_description: description || null })
        assertSuccess(answer)
        await queryClient.invalidateQueries({ queryKey: ['roles'] })
        flash({ kind: 'success', text: t('admin.roleAdded', { name }) }, 'here')
        onAdded(Number((answer as { role_id?: unknown }).role_id))
        return undefined
      }}
    >
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
    </FormDialog>
  )
}
