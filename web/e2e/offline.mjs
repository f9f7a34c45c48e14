// Without a connection: the page that is open says so and keeps what was typed; a cold start shows the
// offline page.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, screenshot, signIn, visitor } from './browser.mjs'

export function offlineTests(world) {
  test('without a connection nothing typed is lost, and a cold start says why', async () => {
    const demo = await world.demo('town')
    const page = await visitor(await world.browser(), demo.url, { serviceWorkers: 'allow' })
    await signIn(page, 'resident')
    await open(page, '/create/service_requests')
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true))
    await page.getByLabel('Title').fill('Typed without a connection')
    await page.getByLabel('Category').selectOption({ index: 1 })
    await page.getByLabel('Neighbourhood').selectOption({ index: 1 })
    await page.context().setOffline(true)
    await page.getByText(/^You are offline\./).waitFor()
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page
      .getByText(/Nothing was saved; what you typed is still here/)
      .first()
      .waitFor()
    await screenshot(page, 'offline-form')
    assert.equal(await page.getByLabel('Title').inputValue(), 'Typed without a connection')
    await page.context().setOffline(false)
    await page.getByText(/^You are offline\./).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Typed without a connection' }).waitFor()

    await page.context().setOffline(true)
    await page.goto('/view/service_requests')
    await page.getByRole('heading', { level: 1, name: 'You are offline' }).waitFor()
    await page.context().close()
  })
}
