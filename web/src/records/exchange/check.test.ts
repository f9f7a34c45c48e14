import { expect, it } from 'vitest'
import { buildModel } from '~/lib/metadata/model'
import { entityRow, propertyRow, reference } from '~/lib/metadata/testing'
import { makeLookup } from './cells'
import { checkRows, mapColumns } from './check'

const model = buildModel(
  [entityRow('t')],
  [
    propertyRow('t', 'title', 'text', { display_name: 'Title', is_nullable: false, sort_order: 1 }),
    propertyRow('t', 'category_id', 'int4', { display_name: 'Category', sort_order: 2, ...reference('cats') }),
    propertyRow('t', 'n', 'int4', { display_name: 'Count', column_default: '7', sort_order: 3 }),
  ],
)
const lookups = new Map([['category_id', makeLookup([{ id: '3', names: ['Roads'] }])]])
const none = () => undefined

it('finds columns by heading, name column or technical name', () => {
  const mapped = mapColumns([' title ', 'Category (Name)', 'n', 'Other'], model.properties('t'))
  expect(mapped.map(({ at }) => at)).toEqual([{ value: 0 }, { name: 1 }, { value: 2 }])
})

it('keeps good rows, names what is wrong, leaves blanks to the defaults', async () => {
  const mapped = mapColumns(['Title', 'Category', 'Count'], model.properties('t'))
  const rows = [
    ['Pothole', 'roads', null],
    [null, 'Rodas', 'x'],
    [null, null, null],
    ['Lamp', 3, 2],
  ]
  const { ready, errors } = await checkRows(
    rows,
    2,
    mapped,
    { lookups, dayFirst: false, key: null },
    new AbortController().signal,
    none,
  )
  expect(ready).toEqual([
    { row: 2, values: { title: 'Pothole', category_id: 3 } },
    { row: 5, values: { title: 'Lamp', category_id: 3, n: 2 } },
  ])
  expect(errors.map(({ row, column }) => [row, column])).toEqual([
    [3, 'Title'],
    [3, 'Category'],
    [3, 'Count'],
  ])
})

it('checks 50,000 rows within 10 seconds', async () => {
  const mapped = mapColumns(['Title', 'Category', 'Count'], model.properties('t'))
  const rows = Array.from({ length: 50_000 }, (_, index) => [`Row ${index}`, 'Roads', index % 2 ? 5 : 'x'])
  const began = performance.now()
  const { ready, errors } = await checkRows(
    rows,
    2,
    mapped,
    { lookups, dayFirst: false, key: null },
    new AbortController().signal,
    none,
  )
  expect([ready.length, errors.length]).toEqual([25_000, 25_000])
  expect(performance.now() - began).toBeLessThan(10_000)
}, 20_000)
