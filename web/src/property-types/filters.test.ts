import { expect, it } from 'vitest'
import { buildModel } from '~/lib/metadata/model'
import { entityRow, propertyRow } from '~/lib/metadata/testing'
import { kinds } from './registry'

const model = buildModel(
  [entityRow('t')],
  [propertyRow('t', 'at', 'timestamptz'), propertyRow('t', 'wall', 'timestamp'), propertyRow('t', 'day', 'date')],
)

it.each([
  ['at', 'lte', '2025-11-23', 'lt', '2025-11-24T05:00:00.000Z'],
  ['at', 'gte', '2025-11-23', 'gte', '2025-11-23T05:00:00.000Z'],
  ['at', 'lte', '2025-11-23T10:00:00Z', 'lte', '2025-11-23T10:00:00Z'],
  ['wall', 'lte', '2025-11-23', 'lt', '2025-11-24T00:00:00'],
  ['wall', 'gte', '2025-11-23', 'gte', '2025-11-23T00:00:00'],
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
