// Which role may do what with a table: for administrators, to read. The matrix that changes it is a page of its own.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { Icon } from '~/components/icon'
import { useSession } from '~/lib/auth/session'
import type { MessageKey } from '~/lib/i18n/messages-en'
import { t } from '~/lib/i18n/t'
import { readRpc } from '~/lib/postgrest/client'
import { describeProblem } from '~/lib/problem'
import { tx } from './texts'

const RIGHTS: readonly [string, MessageKey][] = [
  ['read', 'right.read'],
  ['create', 'right.create'],
  ['update', 'right.update'],
  ['delete', 'right.delete'],
]

/** Per role the rights it has, as `table.right`. */
const rightsQuery = queryOptions({
  queryKey: ['role-permissions', 'all'],
  queryFn: async ({ signal }) =>
    Promise.all(
      (await readRpc('get_roles', {}, signal)).map(async (role) => {
        const given = await readRpc('get_role_permissions', { p_role_id: role.id }, signal)
        const granted = given.filter((row) => [true, 't', 'true'].includes(row.has_permission as boolean | string))
        return {
          name: String(role.display_name),
          granted: new Set(granted.map((row) => `${row.table_name}.${row.permission_type}`)),
        }
      }),
    ),
  structuralSharing: false,
})

export function TableRights({ table }: { table: string }) {
  const session = useSession()
  const admin = session.state === 'signed-in' && session.person.roles.includes('admin')
  const query = useQuery({ ...rightsQuery, enabled: admin })
  if (!admin) return null
  return (
    <>
      <h3 className="co-schema-part">{tx('rights')}</h3>
      {query.isError ? (
        <p role="alert">{describeProblem(query.error, { attempt: 'read' }).text}</p>
      ) : query.isPending ? (
        <p className="co-muted co-small">{t('app.loading')}</p>
      ) : (
        <table className="co-small co-schema-rights">
          <thead>
            <tr>
              <th scope="col">{tx('role')}</th>
              {RIGHTS.map(([right, label]) => (
                <th key={right} scope="col">
                  {t(label)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {query.data.map((role) => (
              <tr key={role.name}>
                <th scope="row" dir="auto">
                  {role.name}
                </th>
                {RIGHTS.map(([right]) => {
                  const has = role.granted.has(`${table}.${right}`)
                  return (
                    <td key={right}>
                      {has ? <Icon name="check" size={16} /> : null}
                      <span className="co-hidden">{t(has ? 'value.yes' : 'value.no')}</span>
                    </td>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  )
}
