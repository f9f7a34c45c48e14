// A session that ends while somebody works: renewed without a word, after a refusal, after sleep; and when the
// provider knows the person no more, they sign in again without losing what they typed.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertQuiet, open, screenshot, settled, signIn, visitor } from './browser.mjs'

export function sessionTests(world) {
  describe('session', { concurrency: 1 }, () => {
    const arrive = async () => visitor(await world.browser(), (await world.demo('town')).url)
    const save = (page) => page.getByRole('button', { name: 'Save', exact: true }).click()
    const expiredAnswer = {
      status: 401,
      contentType: 'application/json',
      headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
      body: JSON.stringify({ code: 'PGRST303', message: 'JWT expired', details: null, hint: null }),
    }

    test('a refused token is renewed once and the request repeated; after sleep it is renewed before anything is asked', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      let renewals = 0
      page.on('request', (request) => {
        if (request.url().endsWith('/protocol/openid-connect/token')) renewals += 1
      })
      await open(page, '/create/tags')
      await page.getByRole('textbox', { name: 'Tag' }).fill('renewed')
      let refused = 0
      await page.route('**/api/tags', (route) => {
        if (route.request().method() !== 'POST' || refused > 0) return route.fallback()
        refused += 1
        return route.fulfill(expiredAnswer)
      })
      await save(page)
      await page.getByRole('heading', { level: 1, name: 'renewed' }).waitFor()
      assert.deepEqual([refused, renewals], [1, 1])

      // Two hours later by the clock of the machine: no request goes out with the old token.
      const asked = []
      page.on('response', (response) => response.url().includes('/api/') && asked.push(response.status()))
      await page.clock.setSystemTime(Date.now() + 2 * 3600 * 1000)
      await page.getByRole('link', { name: 'Edit', exact: true }).click()
      await page.getByRole('textbox', { name: 'Tag' }).fill('renewed after sleep')
      await save(page)
      await page.getByRole('heading', { level: 1, name: 'renewed after sleep' }).waitFor()
      assert.equal(renewals, 2)
      assert.ok(asked.length > 0 && !asked.includes(401), asked.join(' '))

      // A tab that wakes up by a reload renews before it starts.
      await page.evaluate(() => {
        const key = Object.keys(sessionStorage).find((name) => name.startsWith('oidc.user:'))
        sessionStorage.setItem(key, JSON.stringify({ ...JSON.parse(sessionStorage.getItem(key)), expires_at: 1 }))
      })
      await page.reload()
      await page.getByRole('button', { name: /^Account: / }).waitFor()
      await settled(page)
      assert.ok(!asked.includes(401), asked.join(' '))
      assertQuiet(page)
      await page.context().close()
    })

    test('somebody whose session is over signs in again in a window, and the form is saved without retyping', async () => {
      const page = await arrive()
      await signIn(page, 'resident')
      await open(page, '/create/service_requests')
      await page.getByLabel('Title').fill('Typed before the session ended')
      await page.getByLabel('Category').selectOption({ index: 1 })
      await page.getByLabel('Neighbourhood').selectOption({ index: 1 })
      // The provider forgets the person, and the API no longer takes the token.
      let over = true
      await page.context().clearCookies()
      await page.route('**/protocol/openid-connect/token', (route) =>
        over
          ? route.fulfill({ status: 400, contentType: 'application/json', body: '{"error":"invalid_grant"}' })
          : route.fallback(),
      )
      await page.route('**/api/service_requests**', (route) =>
        over && route.request().method() === 'POST' ? route.fulfill(expiredAnswer) : route.fallback(),
      )
      await save(page)
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('button', { name: 'Sign in again' }).waitFor()
      await screenshot(page, 'session-over')
      over = false
      const [popup] = await Promise.all([
        page.waitForEvent('popup'),
        dialog.getByRole('button', { name: 'Sign in again' }).click(),
      ])
      await popup.getByLabel('Username or e-mail address').fill('resident')
      await popup.getByLabel('Password').fill('civic-os')
      await popup.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('heading', { level: 1, name: 'Typed before the session ended' }).waitFor()
      assertQuiet(page)
      await page.context().close()
    })
  })
}
