import { expect, it } from 'vitest'
import { previewCsv } from './csv'

it.each<[string, string, string[][], number]>([
  [
    'commas',
    'a,b\n1,2\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
    2,
  ],
  [
    'semicolons and a byte-order mark',
    '\ufeffa;b\r\n1,5;2\r\n',
    [
      ['a', 'b'],
      ['1,5', '2'],
    ],
    2,
  ],
  [
    'tabs',
    'a\tb\n1\t2',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
    2,
  ],
  [
    'quotes, line ends and separators in a cell',
    'a,b\n"x, ""y""\nz",2\n',
    [
      ['a', 'b'],
      ['x, "y"\nz', '2'],
    ],
    2,
  ],
  [
    'an empty cell at the end',
    'a,b\n1,\n',
    [
      ['a', 'b'],
      ['1', ''],
    ],
    2,
  ],
  [
    'empty lines',
    'a,b\n\n1,2\n\n\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
    2,
  ],
  ['nothing', '', [], 0],
])('reads %s', (_, text, rows, total) => {
  expect(previewCsv(text, 5)).toEqual({ rows, total })
})

it('keeps the rows that are wanted and counts all', () => {
  const text = `n\n${Array.from({ length: 1000 }, (_, n) => n).join('\n')}`
  expect(previewCsv(text, 3)).toEqual({ rows: [['n'], ['0'], ['1']], total: 1001 })
})
