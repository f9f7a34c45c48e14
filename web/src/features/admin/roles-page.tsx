// Roles: what they are for, and taking away those nobody needs.

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Banner } from '~/components/banner'
import { Button, buttonClass } from '~/components/button'
import { FormDialog } from '~/components/form-dialog'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { paths } from '~/config/paths'
import { t } from '~/lib/i18n/t'
import { callRpc } from '~/lib/postgrest/client'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { AdminGate } from './admin-gate'
import { AutosaveText } from './autosave-text'
import { AddRoleDialog, rolesQuery } from './permissions-page'
import { SaveNote } from './save-note'
import { tx } from './texts'
import { useAutosave } from './use-autosave'
import './admin.css'

const SYSTEM = ['anonymous', 'user', 'admin']

export function RolesPage() {
  return (
    <AdminGate title={t('admin.roles')}>
      <Roles />
    </AdminGate>
  )
}

function Roles() {
  const query = useQuery(rolesQuery)
  const autosave = useAutosave()
  const [adding, setAdding] = useState(false)
  const [deleting, setDeleting] = useState<{ id: number; name: string } | null>(null)
  return (
    <Page
      title={t('admin.roles')}
      below={<p className="co-muted">{tx('roles.help')}</p>}
      actions={
        <Button look="primary" icon="plus" onClick={() => setAdding(true)}>
          {t('admin.addRole')}
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
        <ul className="co-admin-list">
          {query.data.map((role) => (
            <li key={role.id} className="co-card co-stack co-stack-tight">
              <div className="co-spread">
                <h2 className="co-h3">
                  {role.name}{' '}
                  {SYSTEM.includes(role.name) ? <span className="co-muted co-small">{tx('roles.system')}</span> : null}
                </h2>
                <span className="co-row">
                  <SaveNote state={autosave.stateOf(role.name)} />
                  <Link to={paths.permissions()} search={{ role: String(role.id) }} className={buttonClass('quiet')}>
                    {tx('roles.permissions', { name: role.name })}
                  </Link>
                  {SYSTEM.includes(role.name) ? null : (
                    <Button look="quiet" icon="trash" iconOnly onClick={() => setDeleting(role)}>
                      {tx('roles.delete', { name: role.name })}
                    </Button>
                  )}
                </span>
              </div>
              <AutosaveText
                label={t('admin.description')}
                value={role.description}
                onSave={(text) =>
                  void autosave.run(role.name, async () => {
                    await callRpc('update_role', { p_role_id: role.id, p_description: text })
                    await queryClient.invalidateQueries({ queryKey: ['roles'] })
                  })
                }
              />
            </li>
          ))}
        </ul>
      )}
      {adding ? <AddRoleDialog onClose={() => setAdding(false)} onAdded={() => setAdding(false)} /> : null}
      {deleting ? <DeleteRole role={deleting} onClose={() => setDeleting(null)} /> : null}
    </Page>
  )
}

function DeleteRole({ role, onClose }: { role: { id: number; name: string }; onClose: () => void }) {
  return (
    <FormDialog
      title={tx('roles.deleteTitle', { name: role.name })}
      onClose={onClose}
      submit={t('detail.delete')}
      danger
      icon="trash"
      attempt="delete"
      onSubmit={async () => {
        await callRpc('delete_role', { p_role_id: role.id })
        await queryClient.invalidateQueries({ queryKey: ['roles'] })
        return undefined
      }}
    >
      <p>{tx('roles.deleteText')}</p>
    </FormDialog>
  )
}
