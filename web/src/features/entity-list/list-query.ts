// One page of a list from the API.

import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Entity, Model, Property } from '~/lib/metadata/model'
import { orderName, readSelect, settleKeys } from '~/lib/metadata/select'
import { readPage, type WireRow } from '~/lib/postgrest/client'
import { PostgrestError } from '~/lib/postgrest/errors'
import type { Condition, Order, Read } from '~/lib/postgrest/query'
import { kinds } from '~/property-types/registry'
import type { ListState } from './list-state'

export interface ListPageData {
  rows: WireRow[]
  total: number | undefined
  /** The page asked for lies behind the last one. */
  beyondEnd: boolean
}

/** Conditions as sent: each type translates its own. */
export function wireConditions(model: Model, key: string, filters: readonly Condition[]): Condition[] {
  return filters.flatMap((filter) => {
    const property = model.property(key, filter.column)
    const translate = property ? kinds[property.type].toConditions : undefined
    return property && translate ? translate(property, [filter]) : [filter]
  })
}

function orderOf(model: Model, entity: Entity, state: ListState): Order[] {
  const order: Order[] = []
  const sorted = state.sort ? model.property(entity.key, state.sort.column) : undefined
  if (sorted && state.sort) order.push({ by: orderName(model, sorted), dir: state.sort.dir })
  // Newest first where records have a date of creation; always total, so that pages do not overlap.
  if (entity.idColumn && state.sort?.column !== entity.idColumn) {
    const dated = model.property(entity.key, 'created_at') !== undefined
    order.push({ by: entity.idColumn, dir: !sorted && dated ? 'desc' : 'asc' })
  }
  return order
}

export const readOf = (model: Model, entity: Entity, columns: readonly Property[], state: ListState): Read => ({
  table: entity.key,
  select: readSelect(model, entity, columns),
  search: state.q || undefined,
  order: orderOf(model, entity, state),
  conditions: wireConditions(model, entity.key, state.filters),
})

/** One page, asked for now. */
export async function readList(
  model: Model,
  entity: Entity,
  columns: readonly Property[],
  state: ListState,
  signal?: AbortSignal,
): Promise<ListPageData> {
  try {
    const from = (state.page - 1) * state.pageSize
    const page = await readPage(readOf(model, entity, columns, state), from, state.pageSize, signal)
    const beyondEnd = page.rows.length === 0 && state.page > 1 && (page.total ?? 0) > 0
    return { ...page, rows: settleKeys(page.rows), beyondEnd }
  } catch (error) {
    if (error instanceof PostgrestError && error.status === 416 && state.page > 1) {
      return { rows: [], total: error.total, beyondEnd: true }
    }
    throw error
  }
}

/** How many records other filters would leave, with the search as it is. */
export function filterCount(model: Model, entity: Entity, state: ListState, filters: readonly Condition[]) {
  const read: Read = {
    table: entity.key,
    select: [entity.idColumn ?? entity.labelColumn ?? '*'],
    search: state.q || undefined,
    conditions: wireConditions(model, entity.key, filters),
  }
  return queryOptions({
    queryKey: ['rows', entity.key, 'count', read],
    queryFn: async ({ signal }) => (await readPage(read, 0, 1, signal)).total ?? null,
  })
}

export function listQuery(model: Model, entity: Entity, columns: readonly Property[], state: ListState) {
  const read = readOf(model, entity, columns, state)
  return queryOptions({
    queryKey: ['rows', entity.key, read, state.page, state.pageSize],
    queryFn: ({ signal }) => readList(model, entity, columns, state, signal),
    placeholderData: (previous, query) => (query?.queryKey[1] === entity.key ? keepPreviousData(previous) : undefined),
  })
}
