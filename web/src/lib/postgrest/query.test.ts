import { describe, expect, it } from 'vitest'
import { conditionsPath, contains, embed, eq, inList, readInList, readPath } from './query'

describe('readPath', () => {
  it('writes select, search, order and conditions', () => {
    expect(
      readPath({
        table: 'requests',
        select: ['id', embed('status_id', 'statuses', 'status_id', ['id', 'color'])],
        search: 'broken lamp & more',
        order: [
          { by: 'status_id(sort_order)', dir: 'asc' },
          { by: 'id', dir: 'desc' },
        ],
        conditions: [eq('a', 1), { column: 'b', op: 'in', value: '(1,2)' }, { column: 'b', op: 'gte', value: '' }],
        limit: 5,
      }),
    ).toBe(
      'requests?select=id,status_id:statuses!status_id(id,color)&civic_os_text_search=wfts.broken%20lamp%20%26%20more' +
        '&order=status_id(sort_order).asc,id.desc&a=eq.1&b=in.(1,2)&limit=5',
    )
  })

  it('keeps both bounds of one column', () => {
    const conditions = [
      { column: 'd', op: 'gte' as const, value: '2025-01-01' },
      { column: 'd', op: 'lt' as const, value: '2025-02-01' },
    ]
    expect(readPath({ table: 't', select: ['id'], conditions })).toBe('t?select=id&d=gte.2025-01-01&d=lt.2025-02-01')
  })

  it('quotes values with reserved characters inside alternatives', () => {
    expect(readPath({ table: 't', select: ['id'], anyOf: [contains('a', 'x,y'), contains('b', '50%')] })).toBe(
      't?select=id&or=(a.ilike.%22*x,y*%22,b.ilike.%22*50%5C%5C%25*%22)',
    )
  })

  it('escapes what would end the value', () => {
    expect(readPath({ table: 't', select: ['id'], conditions: [eq('a', 'x&b=1#')] })).toBe(
      't?select=id&a=eq.x%26b%3D1%23',
    )
  })
})

describe('lists', () => {
  it.each([
    [['1', '2'], '(1,2)'],
    [['a,b', 'c"d'], '("a,b","c\\"d")'],
    [[], '()'],
  ])('%j', (values, text) => {
    expect(inList(values)).toBe(text)
    expect(readInList(text)).toEqual(values)
  })
})

it('addresses rows for update and delete', () => {
  expect(conditionsPath('t', [eq('id', 7)])).toBe('t?id=eq.7')
  expect(conditionsPath('t', [eq('id', 7)], ['id'])).toBe('t?id=eq.7&select=id')
})
