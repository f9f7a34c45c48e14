import { expect, it } from 'vitest'
import { formatMessage } from './format-message'

const records = '{n, plural, =0 {No records} one {# record} other {# records of {name}}}'

it.each([
  ['Hello {name}', { name: 'Ana' }, 'en', 'Hello Ana'],
  ['{missing}', {}, 'en', ''],
  [records, { n: 0 }, 'en', 'No records'],
  [records, { n: 1 }, 'en', '1 record'],
  [records, { n: 4912, name: 'requests' }, 'en', '4,912 records of requests'],
  ['{n, plural, one {# registro} other {# registros}}', { n: 2 }, 'es', '2 registros'],
  ['no end {name', { name: 'x' }, 'en', 'no end {name'],
])('%s', (message, values, locale, expected) => {
  expect(formatMessage(message, values, locale)).toBe(expected)
})
