import { describe, expect, test } from 'vitest'
import { extended, type ListedRows } from './neighbours'

const rows: ListedRows = {
  read: { table: 't', select: ['id'], conditions: [] },
  idColumn: 'id',
  from: 25,
  size: 25,
  total: 100,
  ids: ['a', 'b'],
}

describe('a list is continued', () => {
  test('by the page before it', () => {
    expect(extended(rows, 'before', ['y', 'z'])).toMatchObject({ from: 23, ids: ['y', 'z', 'a', 'b'] })
  })
  test('by the page after it, without what moved meanwhile', () => {
    expect(extended(rows, 'after', ['b', 'c'])).toMatchObject({ from: 25, ids: ['a', 'b', 'c'] })
  })
  test('never before its beginning', () => {
    expect(extended({ ...rows, from: 1 }, 'before', ['x', 'y', 'z']).from).toBe(0)
  })
  test('and keeps a bounded number of records', () => {
    const many = Array.from({ length: 2100 }, (_, n) => `n${n}`)
    const more = extended(rows, 'after', many)
    expect(more.ids).toHaveLength(2000)
    expect(more.from).toBe(25 + 102)
  })
})
