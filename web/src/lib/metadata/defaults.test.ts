import { expect, it } from 'vitest'
import { readDefault } from './defaults'

it.each([
  [null, null],
  ['NULL::character varying', null],
  ["'new'::text", { kind: 'literal', value: 'new' }],
  ["'it''s'::character varying(20)", { kind: 'literal', value: "it's" }],
  ['5', { kind: 'literal', value: '5' }],
  ['(-1)', { kind: 'literal', value: '-1' }],
  ['0.5::double precision', { kind: 'literal', value: '0.5' }],
  ['true', { kind: 'literal', value: 'true' }],
  ['now()', { kind: 'now' }],
  ['CURRENT_TIMESTAMP', { kind: 'now' }],
  ['CURRENT_DATE', { kind: 'today' }],
  ["get_initial_status('request'::text)", { kind: 'computed' }],
  ['gen_random_uuid()', { kind: 'computed' }],
])('%s', (expression, expected) => {
  expect(readDefault(expression)).toEqual(expected)
})
