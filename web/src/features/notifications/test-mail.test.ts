import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sendTest } from './test-mail'

const PERSON = '00000000-0000-4000-8000-000000000001'
let tables: Record<string, unknown[]>
/** Looks into the inbox before the worker is done. */
let late: number
let sent: unknown[]

function serve(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const url = new URL(String(input), 'http://localhost')
  const name = url.pathname.split('/').pop() ?? ''
  if (name === 'create_notification') {
    sent.push(JSON.parse(String(init?.body)))
    return Promise.resolve(new Response('7'))
  }
  if (name === 'my_notifications') {
    expect(url.searchParams.get('id')).toBe('eq.7')
    return Promise.resolve(new Response(late-- > 0 ? '[]' : '[{"id":7}]'))
  }
  expect(url.searchParams.get('channel')).toBe('eq.email')
  const metadata = new Headers(init?.headers).get('Accept-Profile') === 'metadata'
  expect(metadata, name).toBe(name === 'notification_deliveries')
  return Promise.resolve(new Response(JSON.stringify(tables[name] ?? [])))
}

beforeEach(() => {
  tables = {}
  late = 0
  sent = []
  vi.useFakeTimers()
  vi.stubGlobal('fetch', serve)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const run = async () => {
  const done = sendTest('news', { id: 1 }, PERSON, new AbortController().signal)
  await vi.runAllTimersAsync()
  return done
}

test('the sample goes to the one person, by mail alone, and the ledger tells the address', async () => {
  late = 3
  tables.notification_deliveries = [{ state: 'sent', recipient: 'ana@example.org', reply: '250 ok' }]
  expect(await run()).toEqual({ at: 'sent', to: 'ana@example.org' })
  expect(sent).toEqual([
    { p_user_id: PERSON, p_template_name: 'news', p_entity_data: { id: 1 }, p_channels: ['email'] },
  ])
})

test('what the mail server says is passed on', async () => {
  tables.notification_deliveries = [{ state: 'failed', recipient: 'ana@example.org', reply: '550 no such user' }]
  expect(await run()).toEqual({ at: 'refused', to: 'ana@example.org', why: '550 no such user' })
})

test('where no mail was tried the person’s own choices are the reason, or there is no server', async () => {
  expect(await run()).toEqual({ at: 'noMail' })
  tables.notification_digests = [{ frequency: 'daily' }]
  expect(await run()).toEqual({ at: 'digest' })
  tables.notification_preferences = [{ enabled: false }]
  expect(await run()).toEqual({ at: 'off' })
})

test('no worker, or nobody knows: nothing is claimed', async () => {
  late = 1000
  expect(await run()).toEqual({ at: 'waiting' })
  late = 0
  tables.notification_deliveries = [{ state: 'sending', recipient: 'ana@example.org', reply: null }]
  expect(await run()).toEqual({ at: 'waiting' })
})
