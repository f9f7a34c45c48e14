import { expect, it } from 'vitest'
import { readBlock } from './events'

it.each([
  ['event: change\ndata: {"table":"t"}', { name: 'change', data: { table: 't' } }],
  ['data: {"event":"notification",\ndata: "id":7}', { name: 'notification', data: { event: 'notification', id: 7 } }],
  ['id: 4\nevent:change\ndata:{}', { name: 'change', data: {} }],
  [': keep-alive', null],
  ['data: not json', null],
] as const)('reads %j', (block, expected) => {
  expect(readBlock(block)).toEqual(expected)
})
