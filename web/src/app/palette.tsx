// Search or jump to: one box that finds pages, actions and records this person may see. Focus stays
// in the box; arrows move through the groups, Enter follows.

import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useId, useMemo, useState } from 'react'
import { Dialog } from '~/components/dialog'
import { paths } from '~/config/paths'
import { announce } from '~/lib/announce'
import type { Claims } from '~/lib/auth/claims'
import { useSession } from '~/lib/auth/session'
import { t } from '~/lib/i18n/t'
import { type Entity, type Model, menuEntities } from '~/lib/metadata/model'
import { readRows } from '~/lib/postgrest/client'
import { contains } from '~/lib/postgrest/query'
import { MANAGE } from './sidebar'
import './palette.css'

interface Item {
  key: string
  label: string
  hint?: string
  to: string
}

interface Group {
  label: string
  items: readonly Item[]
}

const PAUSE_MS = 250
const PER_ENTITY = 5
/** Records are asked for from this many characters on. */
const MIN_CHARACTERS = 3

function useDelayed(value: string): string {
  const [delayed, setDelayed] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setDelayed(value), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [value])
  return delayed
}

async function findRecords(entities: readonly Entity[], term: string, signal: AbortSignal): Promise<Item[]> {
  const answers = await Promise.allSettled(
    entities.map(async (entity) => {
      const id = entity.idColumn
      const label = entity.labelColumn
      if (!id || !label || label === id) return []
      const rows = await readRows(
        {
          table: entity.key,
          select: [...new Set([id, label])],
          conditions: [contains(label, term)],
          limit: PER_ENTITY,
        },
        signal,
      )
      return rows.map((row) => ({
        key: `${entity.key}/${row[id]}`,
        label: String(row[label] ?? row[id]),
        hint: entity.name,
        to: paths.detail(entity.key, String(row[id])),
      }))
    }),
  )
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
}

function pagesAndActions(model: Model, person: Claims | null): Group[] {
  const entities = menuEntities(model)
  return [
    {
      label: t('palette.pages'),
      items: [
        { key: 'home', label: t('nav.home'), to: paths.home() },
        ...entities.map((entity) => ({ key: entity.key, label: entity.plural, to: paths.list(entity.key) })),
        ...(person ? [{ key: '/profile', label: t('user.profile'), to: paths.profile() }] : []),
        { key: '/schema', label: t('nav.schema'), to: paths.diagram() },
        // As in the menu: what each of these pages shows is for the server to decide.
        ...(person?.roles.includes('admin')
          ? MANAGE.flatMap((group) => group.items.map(({ to, label }) => ({ key: to, label: t(label), to })))
          : []),
      ],
    },
    {
      label: t('palette.actions'),
      items: entities
        .filter((entity) => entity.can.create)
        .map((entity) => ({
          key: `add ${entity.key}`,
          label: t('list.add', { name: entity.name }),
          to: paths.create(entity.key),
        })),
    },
  ]
}

export default function Palette({ model, onClose }: { model: Model; onClose: () => void }) {
  const listId = useId()
  const navigate = useNavigate()
  const [typed, setTyped] = useState('')
  const [active, setActive] = useState(0)
  const term = useDelayed(typed.trim())
  const entities = useMemo(() => menuEntities(model), [model])
  const records = useQuery({
    queryKey: ['palette', term],
    queryFn: ({ signal }) => findRecords(entities, term, signal),
    enabled: term.length >= MIN_CHARACTERS,
  })
  const wanted = typed.trim().toLocaleLowerCase()
  const session = useSession()
  const fixed = pagesAndActions(model, session.state === 'signed-in' ? session.person : null).map((group) => ({
    ...group,
    items: group.items.filter((item) => item.label.toLocaleLowerCase().includes(wanted)),
  }))
  const found = term.length >= MIN_CHARACTERS ? (records.data ?? []) : []
  const groups = [...fixed, { label: t('palette.records'), items: found }].filter((group) => group.items.length > 0)
  const items = groups.flatMap((group) => group.items)
  const current = items[Math.min(active, items.length - 1)]
  const searching = records.isFetching || (term !== typed.trim() && typed.trim().length >= MIN_CHARACTERS)

  useEffect(() => {
    if (term !== '' && !searching) announce(t('picker.count', { n: items.length }))
  }, [term, searching, items.length])

  const follow = (item: Item) => {
    onClose()
    void navigate({ to: item.to })
  }

  return (
    <Dialog title={t('palette.title')} onClose={onClose}>
      <input
        className="co-input"
        role="combobox"
        aria-label={t('palette.title')}
        aria-expanded={items.length > 0}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={current ? `${listId}-${current.key}` : undefined}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
        placeholder={t('palette.placeholder')}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value)
          setActive(0)
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault()
            const step = event.key === 'ArrowDown' ? 1 : -1
            setActive((Math.min(active, items.length - 1) + step + items.length) % Math.max(1, items.length))
          } else if (event.key === 'Enter' && current) {
            event.preventDefault()
            follow(current)
          }
        }}
      />
      <div role="listbox" id={listId} aria-label={t('picker.choices')} className="co-palette">
        {groups.map((group) => (
          // biome-ignore lint/a11y/useSemanticElements: a fieldset is not allowed inside a listbox
          <div key={group.label} role="group" aria-label={group.label}>
            <div className="co-menu-label" aria-hidden="true">
              {group.label}
            </div>
            {group.items.map((item) => (
              <div
                key={item.key}
                id={`${listId}-${item.key}`}
                role="option"
                tabIndex={-1}
                aria-selected={item === current}
                className={item === current ? 'co-option co-option-active' : 'co-option'}
                ref={item === current ? (element) => element?.scrollIntoView({ block: 'nearest' }) : undefined}
                onClick={() => follow(item)}
                onKeyDown={undefined}
              >
                <span dir="auto">{item.label}</span>
                {item.hint ? <span className="co-muted co-small">{item.hint}</span> : null}
              </div>
            ))}
          </div>
        ))}
      </div>
      <p className="co-muted co-small">
        {searching ? t('picker.searching') : items.length === 0 ? t('picker.none', { term: typed.trim() }) : null}
      </p>
    </Dialog>
  )
}
