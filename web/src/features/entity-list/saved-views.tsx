// Saved views: names for a list's query string, one's own and those that others share.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useId, useState } from 'react'
import { Button } from '~/components/button'
import { FormDialog } from '~/components/form-dialog'
import { MenuButton } from '~/components/menu-button'
import { flash } from '~/lib/flash'
import type { Entity } from '~/lib/metadata/model'
import { deleteRows, insertRow, readRows, updateRows } from '~/lib/postgrest/client'
import { PostgrestError } from '~/lib/postgrest/errors'
import { eq } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { parseSearch, stringifySearch } from '~/lib/search'
import { tx } from './texts'

interface SavedView {
  id: string
  owner: string
  name: string
  query: string
  shared: boolean
}

const viewsQuery = (entity: string, person: string) =>
  queryOptions({
    queryKey: ['saved-views', person, entity],
    queryFn: async ({ signal }): Promise<SavedView[]> => {
      const rows = await readRows(
        {
          table: 'saved_views',
          select: ['id', 'user_id', 'name', 'query', 'shared'],
          conditions: [eq('entity', entity)],
          order: [{ by: 'name', dir: 'asc' }],
        },
        signal,
        'metadata',
      )
      return rows.map((row) => ({
        id: String(row.id),
        owner: String(row.user_id),
        name: String(row.name),
        query: String(row.query),
        shared: row.shared === true,
      }))
    },
    staleTime: 60_000,
  })

interface SavedViewsProps {
  entity: Entity
  person: string
  /** The address's search as it is. */
  search: Readonly<Record<string, string>>
}

/** What of an address belongs to a view: neither the page nor the view's own number. */
function essence(search: Readonly<Record<string, string>>): string {
  const { page: _page, view: _view, cal_date: _date, ...rest } = search
  return stringifySearch(rest)
}

const SCHEMA = { schema: 'metadata' } as const

export default function SavedViews({ entity, person, search }: SavedViewsProps) {
  const navigate = useNavigate()
  const query = useQuery(viewsQuery(entity.key, person))
  const [dialog, setDialog] = useState<'new' | SavedView | null>(null)
  const views = query.data ?? []
  const current = views.find((view) => view.id === search.view)
  const changed = current !== undefined && essence(parseSearch(current.query)) !== essence(search)
  const open = (view: SavedView | null) =>
    void navigate({ to: '.', search: view ? { ...parseSearch(view.query), view: view.id } : {} })
  const refresh = () => queryClient.invalidateQueries({ queryKey: ['saved-views'] })

  const update = async (view: SavedView) => {
    try {
      await updateRows('saved_views', [eq('id', view.id)], { query: essence(search) }, SCHEMA)
      flash({ kind: 'success', text: tx('views.saved', { name: view.name }) }, 'here')
    } catch (error) {
      flash({ kind: 'warning', text: describeProblem(error, { attempt: 'update' }).text }, 'here')
    }
    await refresh()
  }

  const own = views.filter((view) => view.owner === person)
  const others = views.filter((view) => view.owner !== person)
  const item = (view: SavedView) => ({
    key: view.id,
    label: view.name,
    checked: view === current,
    onSelect: () => open(view),
  })
  const mine = current?.owner === person
  return (
    <>
      <MenuButton
        label={current ? tx(changed ? 'views.changed' : 'views.current', { name: current.name }) : tx('views.menu')}
        icon="list"
        align="start"
        groups={[
          {
            items: [{ key: 'all', label: tx('views.none'), checked: !current, onSelect: () => open(null) }],
          },
          ...(own.length > 0 ? [{ label: tx('views.mine'), items: own.map(item) }] : []),
          ...(others.length > 0 ? [{ label: tx('views.shared'), items: others.map(item) }] : []),
          {
            items: [
              ...(current && changed && mine
                ? [
                    {
                      key: 'update',
                      label: tx('views.update', { name: current.name }),
                      icon: 'check' as const,
                      onSelect: () => void update(current),
                    },
                  ]
                : []),
              ...(current && changed
                ? [
                    {
                      key: 'reset',
                      label: tx('views.reset', { name: current.name }),
                      icon: 'back' as const,
                      onSelect: () => open(current),
                    },
                  ]
                : []),
              { key: 'save', label: tx('views.save'), icon: 'plus' as const, onSelect: () => setDialog('new') },
              ...(current && mine
                ? [
                    {
                      key: 'manage',
                      label: tx('views.manage', { name: current.name }),
                      icon: 'edit' as const,
                      onSelect: () => setDialog(current),
                    },
                  ]
                : []),
            ],
          },
        ]}
      />
      {dialog ? (
        <ViewDialog
          entity={entity}
          view={dialog === 'new' ? null : dialog}
          query={essence(search)}
          onClose={() => setDialog(null)}
          onSaved={async (id, name) => {
            setDialog(null)
            await refresh()
            if (id) void navigate({ to: '.', search: { ...search, view: id }, replace: true })
            flash({ kind: 'success', text: tx('views.saved', { name }) }, 'here')
          }}
          onDeleted={async (name) => {
            setDialog(null)
            open(null)
            flash({ kind: 'success', text: tx('views.deleted', { name }) }, 'here')
            await refresh()
          }}
        />
      ) : null}
    </>
  )
}

interface ViewDialogProps {
  entity: Entity
  /** Null for a new view. */
  view: SavedView | null
  query: string
  onClose: () => void
  onSaved: (id: string | null, name: string) => void
  onDeleted: (name: string) => void
}

function ViewDialog({ entity, view, query, onClose, onSaved, onDeleted }: ViewDialogProps) {
  const id = useId()
  const [name, setName] = useState(view?.name ?? '')
  const [shared, setShared] = useState(view?.shared ?? false)

  const save = async () => {
    const trimmed = name.trim()
    if (trimmed === '') return tx('views.needName')
    if (view) {
      await updateRows('saved_views', [eq('id', view.id)], { name: trimmed, shared }, SCHEMA)
      onSaved(null, trimmed)
    } else {
      const row = await insertRow('saved_views', { entity: entity.key, name: trimmed, query, shared }, true, 'metadata')
      onSaved(row ? String(row.id) : null, trimmed)
    }
    return undefined
  }
  return (
    <FormDialog
      title={view ? tx('views.manageTitle', { name: view.name }) : tx('views.saveTitle')}
      onClose={onClose}
      submit={tx('views.saveButton')}
      onSubmit={save}
      problemTitle={tx('views.failed')}
      describe={(error) =>
        error instanceof PostgrestError && error.code === '23505'
          ? tx('views.exists')
          : describeProblem(error, { attempt: 'update' }).text
      }
      extra={(run) =>
        view ? (
          <Button
            look="quiet"
            icon="trash"
            onClick={() =>
              run(async () => {
                await deleteRows('saved_views', [eq('id', view.id)], 'id', SCHEMA)
                onDeleted(view.name)
                return undefined
              })
            }
          >
            {tx('views.delete')}
          </Button>
        ) : null
      }
    >
      <label htmlFor={id} className="co-bound">
        <span>{tx('views.name')}</span>
        <input
          id={id}
          className="co-input"
          data-autofocus
          maxLength={100}
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <label className="co-check-row">
        <input
          type="checkbox"
          className="co-check"
          checked={shared}
          onChange={(event) => setShared(event.target.checked)}
        />
        {tx('views.share')}
      </label>
    </FormDialog>
  )
}
