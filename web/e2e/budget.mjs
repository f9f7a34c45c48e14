// What a first visit costs: encoded bytes of documents, scripts and styles until "/" can be used.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertQuiet, settled, visitor } from './browser.mjs'

const BUDGET_BYTES = 150_000

export function budgetTests(world) {
  test('the first page is interactive within 150 kB of encoded HTML, scripts and styles', async () => {
    const demo = await world.demo('town')
    const page = await visitor(await world.browser(), demo.url)
    const session = await page.context().newCDPSession(page)
    await session.send('Network.enable')
    const types = new Map()
    const bytes = new Map()
    session.on('Network.responseReceived', ({ requestId, type, response }) => {
      types.set(requestId, { type, url: response.url })
    })
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => bytes.set(requestId, encodedDataLength))
    await page.goto('/')
    await settled(page)
    let total = 0
    for (const [id, { type }] of types) {
      if (['Document', 'Script', 'Stylesheet'].includes(type)) total += bytes.get(id) ?? 0
    }
    console.log(`first page: ${(total / 1000).toFixed(1)} kB in ${types.size} requests`)
    assert.ok(total > 20_000, `only ${total} bytes: measured too early`)
    assert.ok(total < BUDGET_BYTES, `${total} bytes: ${[...types.values()].map(({ url }) => url).join(' ')}`)
    assertQuiet(page)
    await page.context().close()
  })
}
