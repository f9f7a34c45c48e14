import { expect, it } from 'vitest'
import { buildModel } from '~/lib/metadata/model'
import { entityRow, propertyRow, reference } from '~/lib/metadata/testing'
import { acceptedTypes, refusalOf } from './file-rules'
import { placeOf } from './upload'

const rules = (...list: [string, string, string | null][]) =>
  list.map(([type, value, message]) => ({ type, value, message }))
const model = buildModel(
  [entityRow('t')],
  [
    propertyRow('t', 'photo', 'uuid', {
      ...reference('files', 'metadata'),
      validation_rules: rules(['fileType', 'image/*', 'A picture, please.'], ['maxFileSize', '1000', null]),
    }),
    propertyRow('t', 'any', 'uuid', reference('files', 'metadata')),
    propertyRow('t', 'paper', 'uuid', {
      ...reference('files', 'metadata'),
      validation_rules: rules(['fileType', 'application/pdf', null]),
    }),
  ],
)
const check = (column: string, type: string, size = 10) => {
  const property = model.property('t', column)
  if (!property) throw new Error(column)
  return refusalOf(property, { name: 'x', type, size })
}

it.each([
  ['photo', 'image/png', 10, undefined],
  ['photo', 'text/plain', 10, 'A picture, please.'],
  ['photo', 'image/png', 1001, 'x has 1001 B. Choose a file up to 1000 B.'],
  ['any', 'text/plain', 10, undefined],
  ['any', 'text/plain', 0, 'x is empty.'],
  ['paper', 'application/pdf', 10, undefined],
  ['paper', 'application/pdfx', 10, 'x cannot be taken here. Choose: application/pdf.'],
] as const)('%s takes %s of %d bytes: %s', (column, type, size, expected) => {
  expect(check(column, type, size)).toBe(expected)
})

it('knows the kinds of a field', () => {
  const property = model.property('t', 'photo')
  expect(property && acceptedTypes(property)).toEqual(['image/*'])
})

it('reads bucket and key from a path-style address', () => {
  expect(placeOf('http://store.example:9000/bucket/a/b%20c/d.png?X-Amz=1')).toEqual({
    bucket: 'bucket',
    key: 'a/b c/d.png',
  })
})
