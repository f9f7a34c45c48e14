import { expect, it } from 'vitest'
import { errorSheets } from './error-file'

const file = {
  headings: ['Name', 'Count'],
  rows: [
    ['a', 1],
    ['b', 'x'],
    [null, 'y'],
  ],
  errors: [
    { row: 3, column: 'Count', message: 'No number.' },
    { row: 4, column: 'Name', message: 'Missing.' },
    { row: 4, column: 'Count', message: 'No number.' },
  ],
}
const summary = {
  name: 'Summary',
  rows: [
    ['What', 'Number'],
    ['Rows in the file', 3],
    ['Rows with errors', 2],
    ['Errors in Count', 2],
    ['Errors in Name', 1],
  ],
  headings: 1,
}

it('gives back the whole file with the errors beside the rows, and a summary', () => {
  expect(errorSheets({ ...file, onlyWrong: false })).toEqual([
    {
      name: 'Data with Errors',
      rows: [
        ['Name', 'Count', 'Errors'],
        ['a', 1, null],
        ['b', 'x', 'Count: No number.'],
        [null, 'y', 'Name: Missing.; Count: No number.'],
      ],
      headings: 1,
    },
    summary,
  ])
})

it('leaves out what was imported', () => {
  const [data] = errorSheets({ ...file, onlyWrong: true })
  expect(data?.rows.map(([name]) => name)).toEqual(['Name', 'b', null])
})
