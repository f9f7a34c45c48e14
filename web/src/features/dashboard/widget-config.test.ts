import { expect, it } from 'vitest'
import { conditionsOf, listSearch, navigationOf, numberOf, textsOf } from './widget-config'

it('reads filters and leaves out what it cannot send', () => {
  const filters = [
    { column: 'status_id', operator: 'in', value: [1, 2] },
    { column: 'a', operator: 'is', value: 'null' },
    { column: 'a', operator: 'eq', value: null },
    { column: 'a', operator: 'drop table', value: 1 },
    { operator: 'eq', value: 1 },
    'nonsense',
  ]
  const conditions = conditionsOf({ filters })
  expect(conditions).toEqual([
    { column: 'status_id', op: 'in', value: '(1,2)' },
    { column: 'a', op: 'is', value: 'null' },
  ])
  expect(listSearch(conditions.slice(0, 1))).toEqual({ f0_col: 'status_id', f0_op: 'in', f0_val: '(1,2)' })
  expect(conditionsOf({ filters: 'x' })).toEqual([])
})

it('falls back on malformed values', () => {
  expect(numberOf({ limit: 'x' }, 'limit', 10)).toBe(10)
  expect(textsOf({ showColumns: ['a', 1] }, 'showColumns')).toEqual(['a'])
  expect(navigationOf({ url: 'https://elsewhere.example', text: 'x' })).toBeNull()
  expect(navigationOf({ url: '/dashboard/2', text: 'Next' })).toEqual({ url: '/dashboard/2', text: 'Next' })
})
