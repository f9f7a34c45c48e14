// The list of one record type: search, filter, sort, pages, all of it in the address bar.

import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { type FormEvent, lazy, Suspense, useEffect, useId, useMemo, useRef, useState } from 'react'
import { RefusedPage, SignInPage, UnknownPage } from '~/components/access'
import { Banner } from '~/components/banner'
import { Button, buttonClass } from '~/components/button'
import { Icon } from '~/components/icon'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { paths } from '~/config/paths'
import { track } from '~/lib/analytics'
import { useSession } from '~/lib/auth/session'
import { flash } from '~/lib/flash'
import { t } from '~/lib/i18n/t'
import { type Entity, listProperties } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { orderName } from '~/lib/metadata/select'
import { readRows } from '~/lib/postgrest/client'
import { describeProblem } from '~/lib/problem'
import { rememberList } from '~/lib/remember-list'
import { stringifySearch } from '~/lib/search'
import { saveSetting, useSetting } from '~/lib/settings'
import { BELOW_DESKTOP, PHONE, useMedia, WIDE } from '~/lib/viewport'
import { useChangedElsewhere } from '~/records/live'
import { rememberRows } from '~/records/neighbours'
import { RecordCalendar } from '~/records/record-calendar'
import { SELECTION_LIMIT } from './bulk'
import { ColumnsDialog } from './columns-dialog'
import { EntityCards } from './entity-cards'
import { EntityTable } from './entity-table'
import { FilterChips, FilterPanel, FilterSheet } from './filter-panel'
import { ListMap } from './list-map'
import { filterCount, listQuery, readList, readOf, wireConditions } from './list-query'
import {
  changeState,
  DEFAULT_PAGE_SIZE,
  type ListState,
  nextSort,
  PAGE_SIZES,
  readListState,
  writeListState,
} from './list-state'
import { Pagination } from './pagination'
import { idOf } from './record-link'
import { tx } from './texts'
import './list.css'

const BulkBar = lazy(() => import('./bulk-bar'))
const SavedViews = lazy(() => import('./saved-views'))
const ExchangeMenu = lazy(() => import('~/records/exchange/exchange-menu'))

/** The page size the person chose last. */
function useDefaultPageSize(): number {
  const chosen = Number(useSetting('pageSize'))
  return PAGE_SIZES.find((size) => size === chosen) ?? DEFAULT_PAGE_SIZE
}

export function ListPage() {
  const { entityKey = '' } = useParams({ strict: false }) as { entityKey?: string }
  const entity = useModel().entity(entityKey)
  const session = useSession()
  if (!entity) return <UnknownPage />
  if (!entity.can.read) {
    return session.state === 'signed-in' ? (
      <RefusedPage title={t('refused.title', { name: entity.plural })} />
    ) : (
      <SignInPage />
    )
  }
  return <EntityList key={entity.key} entity={entity} />
}

const SEARCH_PAUSE_MS = 300

function SearchBox({ entity, value, onSearch }: { entity: Entity; value: string; onSearch: (term: string) => void }) {
  const id = useId()
  const [typed, setTyped] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const sent = useRef(value)
  // Back and forward change the term from outside.
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value
      setTyped(value)
    }
  }, [value])
  useEffect(() => () => clearTimeout(timer.current), [])
  const search = (term: string) => {
    clearTimeout(timer.current)
    if (term.trim() === sent.current) return
    sent.current = term.trim()
    if (sent.current !== '') track('Search', 'Query', entity.key, sent.current.length)
    onSearch(term.trim())
  }
  return (
    <search className="co-search">
      <form
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          search(typed)
        }}
      >
        <label htmlFor={id} className="co-hidden">
          {t('list.searchIn', { name: entity.plural })}
        </label>
        <Icon name="search" />
        <input
          id={id}
          type="search"
          className="co-input"
          placeholder={t('list.searchPlaceholder')}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value)
            clearTimeout(timer.current)
            timer.current = setTimeout(() => search(event.target.value), SEARCH_PAUSE_MS)
          }}
        />
      </form>
    </search>
  )
}

function EntityList({ entity }: { entity: Entity }) {
  const model = useModel()
  const navigate = useNavigate()
  const search = useSearch({ strict: false }) as Record<string, string>
  const phone = useMedia(PHONE)
  const small = useMedia(BELOW_DESKTOP)
  const wide = useMedia(WIDE)
  const [filtersOpen, setFiltersOpen] = useState(false)
  const defaultPageSize = useDefaultPageSize()

  const standard = listProperties(model, entity.key)
  const [columnsOpen, setColumnsOpen] = useState(false)
  const compact = useSetting('compact') === 'true'
  const { state, dropped } = readListState(
    search,
    { key: entity.key, columns: standard, searchable: entity.searchable },
    model,
    defaultPageSize,
  )
  const columns = state.columns ? state.columns.flatMap((column) => model.property(entity.key, column) ?? []) : standard
  const mapProperty = entity.map ? model.property(entity.key, entity.map) : undefined
  const mapShown = mapProperty !== undefined && (wide ? search.show !== 'table' : search.show === 'map')
  const fetched = mapProperty && !columns.includes(mapProperty) ? [...columns, mapProperty] : columns
  const calendarShown =
    entity.calendar !== null && (search.show === 'calendar' || (search.show === undefined && !mapProperty))
  const pageQuery = listQuery(model, entity, fetched, state)
  const query = useQuery({ ...pageQuery, enabled: !calendarShown })
  const changedElsewhere = useChangedElsewhere(entity.key, entity.idColumn, query.data?.rows, async () => {
    const fresh = await readList(model, entity, fetched, state)
    return fresh.rows
  })
  const [active, setActive] = useState<string | null>(null)
  const filterable = model.properties(entity.key).filter((property) => property.filterable)

  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const bulk = entity.idColumn !== null && (entity.can.update || entity.can.delete)
  const session = useSession()

  const searchFor = (next: ListState) => ({
    ...writeListState(next, defaultPageSize),
    ...(search.view ? { view: search.view } : {}),
    ...(search.show ? { show: search.show } : {}),
    ...(search.cal_view ? { cal_view: search.cal_view } : {}),
    ...(search.cal_date ? { cal_date: search.cal_date } : {}),
  })
  const go = (change: Partial<ListState>, replace = false) =>
    void navigate({ to: '.', search: searchFor(changeState(state, change)), replace, resetScroll: false })

  const total = query.data?.total
  const beyondEnd = query.data?.beyondEnd === true && !query.isPlaceholderData
  const lastPage = total === undefined ? 1 : Math.max(1, Math.ceil(total / state.pageSize))
  const lastPageSearch = searchFor({ ...state, page: lastPage })
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when a page turns out to be beyond the end
  useEffect(() => {
    if (!beyondEnd) return
    flash({ kind: 'info', text: t('list.lastPageNote') }, 'here')
    void navigate({ to: '.', search: lastPageSearch, replace: true })
  }, [beyondEnd])

  const address = stringifySearch(search)
  useEffect(() => rememberList(entity.key, address), [entity.key, address])

  const rows = query.data?.rows ?? []
  const from = (state.page - 1) * state.pageSize + 1
  // From the page of a record one gets to those beside it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: other rows are the signal
  useEffect(() => {
    if (!query.data || query.isPlaceholderData || !entity.idColumn) return
    rememberRows(entity.key, {
      read: readOf(model, entity, fetched, state),
      idColumn: entity.idColumn,
      from: from - 1,
      size: state.pageSize,
      total: total ?? 0,
      ids: rows.flatMap((row) => idOf(entity, row) ?? []),
    })
  }, [query.data, query.isPlaceholderData])
  const range =
    total === 0
      ? t('list.none')
      : t('list.range', {
          from,
          to: from + rows.length - 1,
          total: total ?? '?',
        })
  const sorted = columns.find((property) => property.column === state.sort?.column)
  const sortedText = sorted
    ? ` · ${t('list.sortedBy', {
        column: sorted.label,
        direction: t(state.sort?.dir === 'asc' ? 'list.ascending' : 'list.descending'),
      })}`
    : ''
  const narrowed = state.q !== '' || state.filters.length > 0
  const activeFilters = new Set(state.filters.map((filter) => filter.column)).size
  const terms = useMemo(() => state.q.split(/\s+/).filter((term) => term !== ''), [state.q])
  const problem = query.isError ? describeProblem(query.error, { attempt: 'read' }) : null

  // What is selected belongs to what is found: other filters start anew.
  const found = JSON.stringify([state.q, state.filters])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another search or filter is the signal
  useEffect(() => setSelected(new Set()), [found])

  const selectAll = async () => {
    const id = entity.idColumn ?? 'id'
    if ((total ?? 0) > SELECTION_LIMIT) {
      flash({ kind: 'warning', text: tx('bulk.tooMany', { n: SELECTION_LIMIT }) }, 'here')
      return
    }
    const all = await readRows({
      table: entity.key,
      select: [id],
      search: state.q || undefined,
      conditions: wireConditions(model, entity.key, state.filters),
      order: [{ by: id, dir: 'asc' }],
      limit: SELECTION_LIMIT,
    }).catch(() => [])
    if (all.length > 0) setSelected(new Set(all.map((row) => String(row[id]))))
  }

  return (
    <Page
      title={entity.plural}
      below={entity.help ? <p className="co-muted">{entity.help}</p> : null}
      actions={
        entity.can.create ? (
          <Link to={paths.create(entity.key)} className={buttonClass('primary')}>
            <Icon name="plus" />
            <span>{t('list.add', { name: entity.name })}</span>
          </Link>
        ) : null
      }
    >
      <div className="co-list-bar co-no-print">
        {session.state === 'signed-in' && !phone ? (
          <Suspense>
            <SavedViews entity={entity} person={session.person.id} search={search} />
          </Suspense>
        ) : null}
        {entity.searchable ? <SearchBox entity={entity} value={state.q} onSearch={(q) => go({ q }, true)} /> : null}
        {filterable.length > 0 ? (
          <Button
            icon="filter"
            iconOnly={phone}
            badge={activeFilters}
            aria-expanded={filtersOpen}
            onClick={() => setFiltersOpen(!filtersOpen)}
          >
            {activeFilters > 0 ? t('list.filterActive', { n: activeFilters }) : t('list.filter')}
          </Button>
        ) : null}
        {phone || calendarShown ? null : (
          <Button icon="columns" onClick={() => setColumnsOpen(true)}>
            {t('list.columns')}
          </Button>
        )}
        {entity.calendar ? (
          <Button
            icon={calendarShown ? 'table' : 'calendar'}
            iconOnly={phone}
            onClick={() =>
              void navigate({
                to: '.',
                search: { ...searchFor(state), show: calendarShown ? 'table' : 'calendar' },
                resetScroll: false,
              })
            }
          >
            {t(calendarShown ? 'calendar.hide' : 'calendar.show')}
          </Button>
        ) : null}
        {mapProperty ? (
          <Button
            icon="pin"
            iconOnly={phone}
            aria-pressed={mapShown}
            onClick={() =>
              void navigate({
                to: '.',
                search: { ...searchFor(state), show: mapShown !== wide ? undefined : wide ? 'table' : 'map' },
                resetScroll: false,
              })
            }
          >
            {t(mapShown ? 'map.hide' : 'map.show')}
          </Button>
        ) : null}
        <Suspense>
          <ExchangeMenu
            entity={entity}
            matching={{
              search: state.q,
              conditions: wireConditions(model, entity.key, state.filters),
              order: sorted && state.sort ? [{ by: orderName(model, sorted), dir: state.sort.dir }] : [],
            }}
            total={total}
            signedIn={session.state === 'signed-in'}
          />
        </Suspense>
      </div>
      <FilterChips
        properties={model.properties(entity.key)}
        filters={state.filters}
        onChange={(filters) => go({ filters })}
      />
      {changedElsewhere > 0 ? (
        <Banner kind="info" actions={<Button onClick={() => void query.refetch()}>{tx('live.show')}</Button>}>
          <span role="status">{tx('live.changed', { n: changedElsewhere })}</span>
        </Banner>
      ) : null}
      {dropped.length > 0 ? <Banner kind="info">{t('list.droppedNote', { what: dropped.join(', ') })}</Banner> : null}
      <div className="co-list-frame">
        <div className="co-list-main" aria-busy={query.isFetching || undefined}>
          {query.isPlaceholderData || (query.isFetching && query.data) ? <div className="co-progress" /> : null}
          {calendarShown && entity.calendar ? (
            <RecordCalendar
              model={model}
              entity={entity}
              calendar={entity.calendar}
              conditions={wireConditions(model, entity.key, state.filters)}
              search={state.q}
              view={search.cal_view}
              date={search.cal_date}
              onMove={(view, date) =>
                void navigate({
                  to: '.',
                  search: { ...searchFor(state), cal_view: view, cal_date: date },
                  replace: true,
                  resetScroll: false,
                })
              }
            />
          ) : problem ? (
            <Banner
              kind="error"
              urgent
              title={t('problem.list')}
              facts={problem.facts}
              onRetry={() => void query.refetch()}
            >
              {problem.text}
            </Banner>
          ) : !query.data || beyondEnd ? (
            <Loading lines={10} />
          ) : (
            <>
              <p role="status" className="co-muted co-numbers" dir="auto">
                {range}
                {sortedText}
              </p>
              {rows.length === 0 ? (
                <div className="co-card co-empty">
                  <p>{t(narrowed ? 'list.noMatch' : 'list.empty', { name: entity.plural })}</p>
                  {narrowed ? (
                    <Button onClick={() => go({ q: '', filters: [] })}>{t('list.clearFilters')}</Button>
                  ) : entity.can.create ? (
                    <Link to={paths.create(entity.key)} className={buttonClass()}>
                      <Icon name="plus" />
                      <span>{t('list.add', { name: entity.name })}</span>
                    </Link>
                  ) : null}
                </div>
              ) : phone ? (
                <EntityCards entity={entity} columns={columns} rows={rows} terms={terms} />
              ) : (
                <EntityTable
                  entity={entity}
                  columns={columns}
                  rows={rows}
                  terms={terms}
                  compact={compact}
                  active={mapShown ? active : null}
                  onActive={mapShown ? setActive : undefined}
                  caption={t('list.caption', { name: entity.plural, range })}
                  first={from}
                  total={total}
                  page={
                    query.isPlaceholderData ? undefined : pageQuery.queryKey.map((part) => JSON.stringify(part)).join()
                  }
                  filtered={new Set(state.filters.map((filter) => filter.column))}
                  sort={state.sort}
                  onSort={(column) => go({ sort: nextSort(state.sort, column) })}
                  selection={bulk ? { ids: selected, onChange: setSelected } : undefined}
                  onKey={(key) => {
                    if (key === 'f') setFiltersOpen(true)
                    else document.querySelector<HTMLElement>('main input[type=search]')?.focus()
                  }}
                />
              )}
              {bulk ? (
                <Suspense>
                  <BulkBar
                    entity={entity}
                    ids={selected}
                    total={total}
                    onSelectAll={selectAll}
                    onClear={() => setSelected(new Set())}
                  />
                </Suspense>
              ) : null}
              {total !== undefined && total > 0 ? (
                <Pagination
                  page={state.page}
                  pageSize={state.pageSize}
                  total={total}
                  searchFor={(page) => searchFor({ ...state, page })}
                  onPageSize={(size) => {
                    void saveSetting('pageSize', String(size))
                    void navigate({
                      to: '.',
                      search: writeListState(changeState(state, { pageSize: size }), size),
                    })
                  }}
                />
              ) : null}
            </>
          )}
        </div>
        {mapShown && mapProperty && !(filtersOpen && !small) && rows.length > 0 ? (
          <ListMap
            entity={entity}
            property={mapProperty}
            rows={rows}
            active={active}
            onSelect={(id) => {
              setActive(id)
              document.getElementById(`row-${id}`)?.scrollIntoView({ block: 'center' })
            }}
          />
        ) : null}
        {filtersOpen && !small ? (
          <FilterPanel
            properties={filterable}
            filters={state.filters}
            onChange={(filters) => go({ filters })}
            onClose={() => setFiltersOpen(false)}
          />
        ) : null}
      </div>
      {columnsOpen ? (
        <ColumnsDialog
          properties={model.properties(entity.key).filter((property) => property.column !== 'civic_os_text_search')}
          shown={columns.map((property) => property.column)}
          compact={compact}
          onApply={(chosen, tight) => {
            void saveSetting('compact', String(tight))
            // The order of the metadata, whatever the order of clicking.
            const ordered = chosen && model.properties(entity.key).map(({ column }) => column)
            go({ columns: ordered?.filter((column) => chosen?.includes(column)) })
          }}
          onClose={() => setColumnsOpen(false)}
        />
      ) : null}
      {filtersOpen && small ? (
        <FilterSheet
          properties={filterable}
          filters={state.filters}
          countOf={(filters) => filterCount(model, entity, state, filters)}
          onChange={(filters) => go({ filters })}
          onClose={() => setFiltersOpen(false)}
        />
      ) : null}
    </Page>
  )
}
