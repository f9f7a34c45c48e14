import { describe, expect, it } from 'vitest'
import { buildModel, formProperties, listProperties, menuEntities } from './model'
import { parseEntities, parseProperties } from './schema'
import { orderName, readFragment, readSelect, settleKeys } from './select'
import { entityRow, propertyRow, reference } from './testing'

const id = (table: string) => propertyRow(table, 'id', 'int4', { is_identity: true, show_on_list: false })
const name = (table: string) => propertyRow(table, 'display_name', 'varchar', { sort_order: 1 })

const model = buildModel(
  [
    entityRow('requests'),
    entityRow('tags', { display_name: 'Tags' }),
    entityRow('request_tags'),
    entityRow('secrets', { select: false }),
    entityRow('people'),
    entityRow('friends'),
    entityRow('orders'),
  ],
  [
    id('requests'),
    name('requests'),
    propertyRow('requests', 'status_id', 'int4', {
      ...reference('statuses', 'metadata'),
      status_entity_type: 'request',
      sort_order: 2,
    }),
    propertyRow('requests', 'reporter', 'uuid', { ...reference('civic_os_users', 'metadata'), sort_order: 3 }),
    propertyRow('requests', 'place', 'geography', { geography_type: 'Point', sort_order: 4 }),
    propertyRow('requests', 'hidden_id', 'int4', { ...reference('not_granted'), sort_order: 5 }),
    propertyRow('requests', 'total', 'int4', { is_generated: true, sort_order: 6 }),
    propertyRow('requests', 'created_at', 'timestamptz', { sort_order: 7 }),
    propertyRow('requests', 'civic_os_text_search', 'tsvector', { sort_order: 8 }),
    id('tags'),
    name('tags'),
    propertyRow('tags', 'color', 'hex_color'),
    propertyRow('request_tags', 'request_id', 'int4', reference('requests')),
    propertyRow('request_tags', 'tag_id', 'int4', reference('tags')),
    propertyRow('request_tags', 'created_at', 'timestamptz'),
    propertyRow('people', 'id', 'uuid'),
    propertyRow('people', 'full', 'text'),
    propertyRow('friends', 'person_id', 'int4', { ...reference('people'), display_name: 'Person' }),
    propertyRow('friends', 'friend_id', 'int4', { ...reference('people'), display_name: 'Friend' }),
    id('orders'),
    propertyRow('orders', 'request_id', 'int4', { ...reference('requests'), sort_order: 1 }),
    propertyRow('orders', 'follow_up_of', 'int4', { ...reference('requests'), sort_order: 2 }),
    // A second relation of the same column must not double it.
    propertyRow('orders', 'request_id', 'int4', { ...reference('tags'), sort_order: 1 }),
  ],
)

const property = (table: string, column: string) => {
  const found = model.property(table, column)
  if (!found) throw new Error(`${table}.${column}`)
  return found
}

describe('junctions', () => {
  it('finds link tables by the exact rule', () => {
    expect(model.isJunction('request_tags')).toBe(true)
    expect(model.isJunction('friends')).toBe(true)
    // Two keys into public, but also an own id: still a link table by the rule.
    expect(model.isJunction('orders')).toBe(true)
    expect(model.isJunction('requests')).toBe(false)
  })

  it('a payload column, or a key to people of the system, makes it an ordinary table', () => {
    const build = (extra: ReturnType<typeof propertyRow>[]) =>
      buildModel(
        [],
        [propertyRow('j', 'a', 'int4', reference('x')), propertyRow('j', 'b', 'int4', reference('y')), ...extra],
      ).isJunction('j')
    expect(build([])).toBe(true)
    expect(build([propertyRow('j', 'note', 'text')])).toBe(false)
    expect(build([propertyRow('j', 'c', 'int4', reference('z'))])).toBe(false)
    expect(build([propertyRow('j', 'by', 'uuid', reference('civic_os_users', 'metadata'))])).toBe(true)
    expect(build([propertyRow('j', 'doc', 'uuid', reference('docs'))])).toBe(false)
  })

  it('gives both sides a field, and two differently named ones for a table linked to itself', () => {
    expect(property('requests', 'request_tags_m2m').label).toBe('Tags')
    expect(property('requests', 'request_tags_m2m').link).toMatchObject({ target: 'tags', targetHasColor: true })
    expect(property('tags', 'request_tags_m2m').link?.target).toBe('requests')
    const own = model.properties('people').filter((candidate) => candidate.type === 'ManyToMany')
    expect(own.map((candidate) => candidate.label).sort()).toEqual(['Friend', 'Person'])
    expect(new Set(own.map((candidate) => candidate.column)).size).toBe(2)
  })
})

describe('what goes where', () => {
  it('hides unreadable entities and link tables from the menu', () => {
    expect(menuEntities(model).map((entity) => entity.key)).toEqual(['requests', 'tags', 'people'])
  })

  it('keeps generated, system and linked columns out of forms', () => {
    expect(formProperties(model, 'requests', 'create').map((candidate) => candidate.column)).toEqual([
      'display_name',
      'status_id',
      'reporter',
      'place',
      'hidden_id',
    ])
  })

  it('never lists the search column', () => {
    expect(listProperties(model, 'requests').map((candidate) => candidate.column)).not.toContain('civic_os_text_search')
  })

  it('keeps every foreign key as an inverse relation', () => {
    const plain = buildModel(
      [entityRow('a'), entityRow('b')],
      [
        id('b'),
        propertyRow('b', 'first', 'int4', reference('a')),
        propertyRow('b', 'second', 'int4', reference('a')),
        propertyRow('b', 'note', 'text'),
      ],
    )
    expect(plain.inverse('a').map((relation) => relation.via.column)).toEqual(['first', 'second'])
  })
})

describe('select fragments', () => {
  it.each<[string, string, string]>([
    ['requests', 'status_id', 'status_id:statuses!status_id(id,display_name,color,is_initial,is_terminal)'],
    ['requests', 'reporter', 'reporter:civic_os_users!reporter(id,display_name,full_name,phone,email)'],
    ['requests', 'place', 'place:place_text'],
    ['requests', 'hidden_id', 'hidden_id'],
    ['orders', 'request_id', 'request_id:requests!request_id(id,display_name)'],
    ['friends', 'friend_id', 'friend_id:people!friend_id(id,display_name:full)'],
    ['requests', 'request_tags_m2m', 'request_tags_m2m:request_tags!request_id(tags!tag_id(id,display_name,color))'],
  ])('%s.%s', (table, column, fragment) => {
    expect(readFragment(model, property(table, column))).toBe(fragment)
  })

  it('adds the id once and orders related records by name', () => {
    const requests = model.entity('requests')
    if (!requests) throw new Error('requests')
    expect(readSelect(model, requests, [property('requests', 'id')])).toEqual(['id', 'display_name'])
    expect(readSelect(model, requests, [property('requests', 'reporter')])).toContain('reporter__key:reporter')
    expect(orderName(model, property('requests', 'status_id'))).toBe('status_id(sort_order)')
    expect(orderName(model, property('requests', 'reporter'))).toBe('reporter(display_name)')
    expect(orderName(model, property('friends', 'friend_id'))).toBe('friend_id(full)')
    expect(orderName(model, property('requests', 'created_at'))).toBe('created_at')
  })
})

it('a hidden related record keeps its key', () => {
  expect(
    settleKeys([
      { id: 1, a: null, a__key: 5 },
      { id: 2, a: { id: 5 }, a__key: 5 },
      { id: 3, a: null, a__key: null },
    ]),
  ).toEqual([
    { id: 1, a: 5 },
    { id: 2, a: { id: 5 } },
    { id: 3, a: null },
  ])
})

describe('the edge', () => {
  it('drops rows that do not fit and completes the others', () => {
    expect(parseEntities([{ display_name: 'no table' }, { table_name: 't', select: null, later_column: 1 }])).toEqual([
      entityRow('t', {
        display_name: null,
        sort_order: null,
        select: false,
        insert: false,
        update: false,
        delete: false,
      }),
    ])
    const [parsed] = parseProperties([{ table_name: 't', column_name: 'c', udt_name: 'text' }])
    expect(parsed).toMatchObject({ show_on_list: true, filterable: false, validation_rules: [] })
  })
})
