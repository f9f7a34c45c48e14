// @supabase/postgrest-js, unmodified, against the API: reads, writes, functions, refusals.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PostgrestClient } from '@supabase/postgrest-js'

const { API_URL, API_TOKEN } = process.env
const anon = new PostgrestClient(API_URL, { schema: 'shop' })
const clerk = new PostgrestClient(API_URL, { schema: 'shop', headers: { Authorization: `Bearer ${API_TOKEN}` } })

const ok = ({ data, error, ...rest }) => {
  assert.equal(error, null, JSON.stringify(error))
  return { data, ...rest }
}

test('filters of every kind', async () => {
  const names = async (query) => ok(await query.order('id')).data.map((row) => row.name)
  const from = () => anon.from('products').select('name')
  assert.deepEqual(await names(from().eq('id', 1)), ['Hammer'])
  assert.deepEqual(await names(from().neq('id', 1)), ['Doll', 'Saw, fine (x)'])
  assert.deepEqual(await names(from().gt('price', 10).lte('price', 20)), ['Doll'])
  assert.deepEqual(await names(from().like('name', '%am%')), ['Hammer'])
  assert.deepEqual(await names(from().ilike('name', 'h%')), ['Hammer'])
  assert.deepEqual(await names(from().ilikeAnyOf('name', ['h%', 'd%'])), ['Hammer', 'Doll'])
  assert.deepEqual(await names(from().likeAllOf('name', ['%a%', '%e%'])), ['Hammer', 'Saw, fine (x)'])
  assert.deepEqual(await names(from().is('kind_id', null)), [])
  assert.deepEqual(await names(from().is('mood', null)), ['Saw, fine (x)'])
  assert.deepEqual(await names(from().in('name', ['Saw, fine (x)', 'none'])), ['Saw, fine (x)'])
  assert.deepEqual(await names(from().contains('tags', ['steel'])), ['Hammer'])
  assert.deepEqual(await names(from().containedBy('tags', ['steel', 'wood', 'cloth'])), ['Hammer', 'Doll', 'Saw, fine (x)'])
  assert.deepEqual(await names(from().overlaps('tags', ['cloth', 'x'])), ['Doll'])
  assert.deepEqual(await names(from().contains('data', { color: 'red' })), ['Hammer'])
  assert.deepEqual(await names(from().eq('data->size->>w', '3')), ['Hammer'])
  assert.deepEqual(await names(from().rangeGt('period', '[2025-01-01, 2025-02-01)')), ['Hammer'])
  assert.deepEqual(await names(from().rangeAdjacent('period', '[2026-02-01, 2026-03-01)')), ['Hammer'])
  assert.deepEqual(await names(from().textSearch('words', 'hammers', { config: 'english', type: 'plain' })), ['Hammer'])
  assert.deepEqual(await names(from().match({ kind_id: 1, mood: 'ok' })), ['Hammer'])
  assert.deepEqual(await names(from().not('id', 'in', '(1,2)')), ['Saw, fine (x)'])
  assert.deepEqual(await names(from().or('id.eq.1,and(price.gt.15,price.lt.25)')), ['Hammer', 'Doll'])
  assert.deepEqual(await names(from().filter('name', 'eq', 'Doll')), ['Doll'])
})

test('embedding, paging, counts, single objects, csv', async () => {
  const { data } = ok(await anon.from('products').select('id, kind:kinds!inner(name)').eq('kind.name', 'toy'))
  assert.deepEqual(data, [{ id: 2, kind: { name: 'toy' } }])
  const many = ok(await anon.from('kinds').select('name, products(id)').order('id').limit(1, { foreignTable: 'products' }))
  assert.deepEqual(many.data, [{ name: 'tool', products: [{ id: 1 }] }, { name: 'toy', products: [{ id: 2 }] }])
  const page = await anon.from('products').select('id', { count: 'exact' }).order('id', { ascending: false }).range(0, 1)
  assert.deepEqual([page.status, page.count, page.data.map((row) => row.id)], [206, 3, [3, 2]])
  const head = await anon.from('products').select('*', { count: 'exact', head: true })
  assert.deepEqual([head.count, head.data], [3, null])
  assert.equal(ok(await anon.from('products').select('name').eq('id', 2).single()).data.name, 'Doll')
  assert.equal(ok(await anon.from('products').select('name').eq('id', 99).maybeSingle()).data, null)
  const csv = ok(await anon.from('kinds').select('id,name').order('id').csv()).data
  assert.equal(csv.trim(), 'id,name\n1,tool\n2,toy')
  const plan = await anon.from('kinds').select('id').explain()
  assert.equal(plan.error.code, 'PGRST107', 'plans are off')
})

test('writes', async () => {
  const table = () => clerk.from('products')
  const made = ok(await table().insert({ name: 'Ball', kind_id: 2 }).select('id, name, price').single())
  assert.equal(made.status, 201)
  assert.deepEqual([made.data.name, made.data.price], ['Ball', 1])
  const bulk = ok(await table().insert([{ name: 'A' }, { name: 'B', price: 7 }], { defaultToNull: false }).select('name, price'))
  assert.deepEqual(bulk.data, [{ name: 'A', price: 1 }, { name: 'B', price: 7 }])
  ok(await table().upsert({ name: 'A', price: 3 }, { onConflict: 'name' }))
  assert.equal(ok(await table().select('price').eq('name', 'A').single()).data.price, 3)
  const ignored = ok(await table().upsert({ name: 'A', price: 9 }, { onConflict: 'name', ignoreDuplicates: true }).select())
  assert.deepEqual(ignored.data, [])
  const changed = ok(await table().update({ price: 4 }, { count: 'exact' }).in('name', ['A', 'B']))
  assert.deepEqual([changed.status, changed.count], [204, 2])
  const limited = await table().delete().in('name', ['A', 'B']).maxAffected(1)
  assert.equal(limited.error.code, 'PGRST124')
  const gone = ok(await table().delete({ count: 'exact' }).in('name', ['A', 'B', 'Ball']).select('name'))
  assert.equal(gone.count, 3)
})

test('functions', async () => {
  assert.equal(ok(await anon.rpc('add', { a: 1, b: 2 })).data, 3)
  assert.equal(ok(await anon.rpc('add', { a: 1, b: 2 }, { get: true })).data, 3)
  const rows = ok(await anon.rpc('by_kind', { kind: 1 }, { count: 'exact' }).select('name').gt('price', 15))
  assert.deepEqual([rows.data, rows.count], [[{ name: 'Saw, fine (x)' }], 1])
  assert.equal(ok(await clerk.rpc('who')).data, 'api_clients_clerk')
})

test('refusals', async () => {
  const code = async (query) => (await query).error
  assert.equal((await code(anon.from('nothing').select())).code, 'PGRST205')
  assert.equal((await code(anon.from('products').select('colour'))).code, '42703')
  assert.equal((await code(anon.from('products').select('nothing(id)'))).code, 'PGRST200')
  assert.equal((await code(anon.from('products').select().single())).code, 'PGRST116')
  assert.equal((await code(anon.from('products').insert({ name: 'x' }))).code, '42501')
  assert.equal((await code(clerk.from('products').insert({ name: 'Hammer' }))).code, '23505')
  assert.equal((await code(clerk.from('products').insert({ colour: 1 }))).code, 'PGRST204')
  assert.equal((await code(anon.schema('public').from('x').select())).code, 'PGRST106')
  const { code: raised, message, details, hint } = await code(anon.rpc('refuse'))
  assert.deepEqual([raised, message, details, hint], ['P0001', 'refused', 'why', 'how'])
  const stranger = new PostgrestClient(API_URL, { headers: { Authorization: 'Bearer a.b.c' } })
  assert.equal((await stranger.from('products').select()).status, 401)
})
