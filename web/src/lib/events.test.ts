import { describe, expect, it } from 'vitest'
import { readBlock, streamAddress } from './events'

it.each([
  ['event: change\ndata: {"table":"t"}', { name: 'change', data: { table: 't' } }],
  ['data: {"event":"notification",\ndata: "id":7}', { name: 'notification', data: { event: 'notification', id: 7 } }],
  ['id: 4\nevent:change\ndata:{}', { name: 'change', data: {} }],
  [': keep-alive', null],
  ['data: not json', null],
] as const)('reads %j', (block, expected) => {
  expect(readBlock(block)).toEqual(expected)
})

describe('streamAddress', () => {
  it('names the tables whose changes are wanted', () => {
    expect(streamAddress([])).toBe('/events')
    expect(streamAddress(['service_requests', 'work orders'])).toBe('/events?tables=service_requests,work%20orders')
  })
})
