import { describe, expect, it } from 'vitest'
import { buildModel } from '~/lib/metadata/model'
import { entityRow, propertyRow } from '~/lib/metadata/testing'
import { mergeChanges, mergedDrafts } from './merge'

const columns = ['same', 'mine', 'theirs', 'agreed', 'fought']
const model = buildModel(
  [entityRow('t')],
  columns.map((column) => propertyRow('t', column, 'text')),
)
const properties = model.properties('t')
const before = { same: 'a', mine: 'a', theirs: 'a', agreed: 'a', fought: 'a' }
const mine = { same: 'a', mine: 'b', theirs: 'a', agreed: 'c', fought: 'b' }
const theirs = { same: 'a', mine: 'a', theirs: 'c', agreed: 'c', fought: null }

describe('three versions of a record', () => {
  const merge = mergeChanges(properties, before, mine, theirs)

  it('asks only about fields that both changed differently', () => {
    const names = (list: readonly { column: string }[]) => list.map(({ column }) => column)
    expect(names(merge.conflicts)).toEqual(['fought'])
    expect(names(merge.mine)).toEqual(['mine'])
    expect(names(merge.theirs)).toEqual(['theirs', 'agreed'])
  })

  it('keeps what one side changed, and what was chosen', () => {
    expect(mergedDrafts(merge, mine, theirs, new Set(['fought']))).toEqual({
      same: 'a',
      mine: 'b',
      theirs: 'c',
      agreed: 'c',
      fought: 'b',
    })
    expect(mergedDrafts(merge, mine, theirs, new Set()).fought).toBeNull()
  })
})
