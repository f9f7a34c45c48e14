import { expect, it } from 'vitest'
import { groupBefore, portions } from './bulk'

it('cuts a selection into portions', () => {
  expect(portions([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]])
  expect(portions([], 2)).toEqual([])
})

it('groups what was before by its value', () => {
  const rows = [
    { id: 1, status: 2 },
    { id: 2, status: null },
    { id: 3, status: 2 },
  ]
  expect(groupBefore('status', 'id', rows)).toEqual({
    column: 'status',
    groups: [
      { value: 2, ids: ['1', '3'] },
      { value: null, ids: ['2'] },
    ],
  })
})
