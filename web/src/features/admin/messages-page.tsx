// Words for the database's constraints.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Banner } from '~/components/banner'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { t } from '~/lib/i18n/t'
import { callRpc, readRpc } from '~/lib/postgrest/client'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { AdminGate } from './admin-gate'
import { AutosaveText } from './autosave-text'
import { useChosenEntity } from './entity-choice'
import { SaveNote } from './save-note'
import { tx } from './texts'
import { useAutosave } from './use-autosave'
import './admin.css'

const constraintsQuery = queryOptions({
  queryKey: ['table-constraints'],
  queryFn: async ({ signal }) => {
    const rows = await readRpc('get_table_constraints', {}, signal)
    return rows.map((row) => ({
      name: String(row.constraint_name),
      table: String(row.table_name),
      column: row.column_name === null ? null : String(row.column_name),
      definition: String(row.definition),
      message: typeof row.error_message === 'string' ? row.error_message : '',
    }))
  },
})

export function ConstraintMessagesPage() {
  return (
    <AdminGate title={t('admin.messages')}>
      <Messages />
    </AdminGate>
  )
}

function Messages() {
  const query = useQuery(constraintsQuery)
  const autosave = useAutosave()
  const { entity, choice } = useChosenEntity()
  const [onlyEmpty, setOnlyEmpty] = useState(false)
  const shown = (query.data ?? []).filter(
    (constraint) => constraint.table === entity?.key && (!onlyEmpty || constraint.message === ''),
  )
  return (
    <Page title={t('admin.messages')} below={<p className="co-muted">{tx('messages.help')}</p>}>
      <div className="co-admin-toolbar">
        {choice}
        <label className="co-check-row">
          <input
            type="checkbox"
            className="co-check"
            checked={onlyEmpty}
            onChange={(event) => setOnlyEmpty(event.target.checked)}
          />
          {tx('messages.onlyEmpty')}
        </label>
      </div>
      {query.isError ? (
        <Banner kind="error" urgent onRetry={() => void query.refetch()}>
          {describeProblem(query.error, { attempt: 'read' }).text}
        </Banner>
      ) : query.isPending ? (
        <Loading />
      ) : shown.length === 0 ? (
        <p>{tx('messages.none')}</p>
      ) : (
        <ul className="co-admin-list">
          {shown.map((constraint) => (
            <li key={constraint.name} className="co-card co-stack co-stack-tight">
              <div className="co-spread">
                <code>{constraint.name}</code>
                <SaveNote state={autosave.stateOf(constraint.name)} />
              </div>
              <code className="co-small co-muted">{constraint.definition}</code>
              <AutosaveText
                label={tx('messages.text', { name: constraint.name.replaceAll('_', ' ') })}
                value={constraint.message}
                onSave={(text) =>
                  void autosave.run(constraint.name, async () => {
                    await callRpc('save_constraint_message', {
                      p_constraint_name: constraint.name,
                      p_table_name: constraint.table,
                      p_column_name: constraint.column,
                      p_error_message: text,
                    })
                    await queryClient.invalidateQueries({ queryKey: ['table-constraints'] })
                    await queryClient.invalidateQueries({ queryKey: ['schema', 'constraint-messages'] })
                  })
                }
              />
            </li>
          ))}
        </ul>
      )}
    </Page>
  )
}
