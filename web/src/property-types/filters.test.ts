import { expect, it } from 'vitest'
import { buildModel, isFilterableType } from '~/lib/metadata/model'
import { entityRow, propertyRow } from '~/lib/metadata/testing'
import { kinds } from './registry'

const model = buildModel(
  [entityRow('t')],
  [
    propertyRow('t', 'at', 'timestamptz'),
    propertyRow('t', 'wall', 'timestamp'),
    propertyRow('t', 'day', 'date'),
    propertyRow('t', 'slot', 'time_slot'),
    propertyRow('t', 'days', 'daterange'),
    propertyRow('t', 'numbers', 'int4range'),
    propertyRow('t', 'hours', 'tsrange'),
  ],
)

it.each([
  ['at', 'lte', '2025-11-23', 'lt', '2025-11-24T05:00:00.000Z'],
  ['at', 'gte', '2025-11-23', 'gte', '2025-11-23T05:00:00.000Z'],
  ['at', 'lte', '2025-11-23T10:00:00Z', 'lte', '2025-11-23T10:00:00Z'],
  ['wall', 'lte', '2025-11-23', 'lt', '2025-11-24T00:00:00'],
  ['wall', 'gte', '2025-11-23', 'gte', '2025-11-23T00:00:00'],
  ['slot', 'gte', '2025-11-23', 'ov', '[2025-11-23T05:00:00.000Z,)'],
  ['slot', 'lte', '2025-11-23', 'ov', '(,2025-11-24T05:00:00.000Z)'],
  ['days', 'gte', '2025-11-23', 'ov', '[2025-11-23,)'],
  ['days', 'lte', '2025-11-23', 'ov', '(,2025-11-23]'],
  ['numbers', 'lte', '9', 'ov', '(,9]'],
  ['hours', 'lte', '2025-11-23', 'ov', '(,2025-11-24)'],
] as const)('%s %s %s becomes %s.%s: the last day is included', (column, op, value, sentOp, sentValue) => {
  const property = model.property('t', column)
  if (!property) throw new Error(column)
  expect(kinds[property.type].toConditions?.(property, [{ column, op, value }])).toEqual([
    { column, op: sentOp, value: sentValue },
  ])
})

it('dates need no translation', () => {
  expect(kinds.Date.toConditions).toBeUndefined()
})

it('every type that may be filtered has a control for it, and every control is offered', () => {
  const types = Object.keys(kinds) as (keyof typeof kinds)[]
  expect(types.filter((type) => kinds[type].Filter === undefined)).toEqual(
    types.filter((type) => !isFilterableType(type)),
  )
  // Links are filtered from the other side: the linked record's page lists them.
  expect(types.filter((type) => !isFilterableType(type))).toEqual(['ManyToMany'])
})
