import { describe, expect, it } from 'vitest'
import { buildModel, listProperties } from '~/lib/metadata/model'
import { entityRow, propertyRow } from '~/lib/metadata/testing'
import { parseSearch, stringifySearch } from '~/lib/search'
import { changeState, type ListState, nextSort, pageNumbers, readListState, writeListState } from './list-state'

const model = buildModel(
  [entityRow('t', { search_fields: ['a'] })],
  [
    propertyRow('t', 'a', 'text'),
    propertyRow('t', 'b', 'date', { filterable: true }),
    propertyRow('t', 'fixed', 'text', { sortable: false }),
    propertyRow('t', 'hidden', 'int4', { show_on_list: false }),
  ],
)
const table = { key: 't', columns: listProperties(model, 't'), searchable: true }
const read = (text: string) => readListState(parseSearch(text), table, model, 25)

const full: ListState = {
  q: 'broken lamp',
  sort: { column: 'a', dir: 'desc' },
  page: 3,
  pageSize: 50,
  filters: [
    { column: 'b', op: 'gte', value: '2025-11-01' },
    { column: 'b', op: 'lte', value: '2025-11-23' },
    { column: 'hidden', op: 'in', value: '(1,2)' },
  ],
}

describe('list state in the address bar', () => {
  it('survives the round trip under the names of the original client', () => {
    const text = stringifySearch(writeListState(full, 25))
    expect(text).toBe(
      '?q=broken%20lamp&sort=a&dir=desc&page=3&pageSize=50&f0_col=b&f0_op=gte&f0_val=2025-11-01' +
        '&f1_col=b&f1_op=lte&f1_val=2025-11-23&f2_col=hidden&f2_op=in&f2_val=(1,2)',
    )
    expect(read(text)).toEqual({ state: full, dropped: [] })
  })

  it('starts plain', () => {
    const { state } = read('')
    expect(state).toEqual({ q: '', sort: null, page: 1, pageSize: 25, filters: [] })
    expect(writeListState(state, 25)).toEqual({})
  })

  it('drops and reports what it does not know', () => {
    const { state, dropped } = read(
      '?sort=nope&page=-2&pageSize=7&f0_col=b&f0_op=drop&f0_val=1&f1_col=ghost&f1_op=eq&f1_val=1&f3_col=a&f3_op=eq&f3_val=1',
    )
    expect(state).toEqual({ q: '', sort: null, page: 1, pageSize: 25, filters: [] })
    expect(dropped).toEqual(['b', 'ghost', 'nope'])
  })

  it('keeps chosen columns, in their order, and sorts by them', () => {
    const { state, dropped } = read('?cols=hidden,a,ghost&sort=hidden')
    expect(state.columns).toEqual(['hidden', 'a'])
    expect(state.sort?.column).toBe('hidden')
    expect(dropped).toEqual(['ghost'])
    expect(writeListState(state, 25).cols).toBe('hidden,a')
    expect(read('?sort=hidden').dropped).toEqual(['hidden'])
  })

  it('does not sort by columns that cannot be sorted', () => {
    expect(read('?sort=fixed').dropped).toEqual(['fixed'])
  })

  it('goes back to page 1 on any other change', () => {
    expect(changeState(full, { q: 'x' }).page).toBe(1)
    expect(changeState(full, { page: 9 }).page).toBe(9)
  })

  it('cycles sorting', () => {
    expect(nextSort(null, 'a')).toEqual({ column: 'a', dir: 'asc' })
    expect(nextSort({ column: 'a', dir: 'asc' }, 'a')).toEqual({ column: 'a', dir: 'desc' })
    expect(nextSort({ column: 'a', dir: 'desc' }, 'a')).toBeNull()
    expect(nextSort({ column: 'b', dir: 'desc' }, 'a')).toEqual({ column: 'a', dir: 'asc' })
  })

  it.each([
    [1, 7, [1, 2, 3, 4, 5, 6, 7]],
    [1, 20, [1, 2, 0, 20]],
    [10, 20, [1, 0, 9, 10, 11, 0, 20]],
    [4, 20, [1, 2, 3, 4, 5, 0, 20]],
    [20, 20, [1, 0, 19, 20]],
  ])('page %i of %i', (page, last, expected) => {
    expect(pageNumbers(page, last)).toEqual(expected)
  })
})
