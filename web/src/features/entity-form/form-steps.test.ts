import { describe, expect, it } from 'vitest'
import { buildModel, type Entity, formProperties } from '~/lib/metadata/model'
import { entityRow, propertyRow } from '~/lib/metadata/testing'
import { asksInSteps, groupSteps } from './form-steps'

const columns = (groups: Record<string, string> = {}) => {
  const rows = [
    ['title', 'varchar'],
    ['street', 'varchar'],
    ['house', 'varchar'],
    ['when', 'date'],
    ['story', 'text'],
    ['email', 'email_address'],
  ].map(([name = '', udt = ''], order) =>
    propertyRow('reports', name, udt, { sort_order: order, form_group: groups[name] ?? null }),
  )
  return formProperties(buildModel([entityRow('reports')], rows), 'reports', 'create')
}

const names = (groups?: Record<string, string>) =>
  groupSteps(columns(groups)).map(({ title, properties }) => [title, properties.map(({ column }) => column).join(' ')])

describe('groupSteps', () => {
  it('puts up to three short fields on a page and long texts on one of their own', () => {
    expect(names()).toEqual([
      ['title, street, and house', 'title street house'],
      ['when', 'when'],
      ['story', 'story'],
      ['email', 'email'],
    ])
  })

  it('keeps the groups of the metadata together, where their first field stands', () => {
    expect(names({ street: 'Where is it?', house: 'Where is it?', story: 'Where is it?' })).toEqual([
      ['title', 'title'],
      ['Where is it?', 'street house story'],
      ['when', 'when'],
      ['email', 'email'],
    ])
  })
})

describe('asksInSteps', () => {
  const entity = (form_mode: string | null, update: boolean) =>
    buildModel([entityRow('reports', { form_mode, update })], []).entity('reports') as Entity

  it.each([
    // mode, may update, fields, phone, wants one page, steps
    [null, true, 9, false, false, false],
    [null, true, 9, true, false, true],
    [null, false, 9, false, false, true],
    [null, false, 4, true, false, false],
    ['auto', false, 5, false, false, true],
    ['steps', true, 2, false, false, true],
    ['steps', true, 9, true, true, false],
    ['single', false, 9, true, false, false],
  ])('mode %s, may update %s, %s fields, phone %s, one page %s: %s', (mode, update, fields, phone, onePage, steps) => {
    expect(asksInSteps(entity(mode, update), fields, phone, onePage)).toBe(steps)
  })
})
