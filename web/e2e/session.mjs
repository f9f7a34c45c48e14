// What becomes of a sign-in in a long working day: the lid closed over night, a session that was ended elsewhere, one token
// that the server refuses.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { accessToken, assertQuiet, open, settled, signIn, visitor } from './browser.mjs'

const EXPIRED = { code: 'PGRST303', details: null, hint: null, message: 'JWT expired' }

export function sessionTests(world) {
  describe('sessions', { concurrency: 1 }, () => {
    const arrive = async () => visitor(await world.browser(), (await world.demo('town')).url)

    /** What the token endpoint was asked for. */
    function grants(page) {
      const seen = []
      page.context().on('request', (request) => {
        if (request.url().endsWith('/protocol/openid-connect/token')) {
          seen.push(new URLSearchParams(request.postData() ?? '').get('grant_type'))
        }
      })
      return seen
    }

    /** From now on the server's answer to this token is that its time is over. */
    async function refuse(page, token) {
      let refused = 0
      await page.route('**/api/**', (route) => {
        if (route.request().headers().authorization !== `Bearer ${token}`) return route.fallback()
        refused += 1
        return route.fulfill({ status: 401, contentType: 'application/json', body: JSON.stringify(EXPIRED) })
      })
      return () => refused
    }

    test('after a sleep the session is renewed without a word', async () => {
      const page = await arrive()
      await page.clock.install()
      await signIn(page, 'resident')
      await open(page, '/view/service_requests')
      const before = await accessToken(page)
      const asked = grants(page)
      await page.clock.fastForward('08:00:00')
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Neighbourhoods' }).click()
      await page.getByRole('heading', { level: 1, name: 'Neighbourhoods' }).waitFor()
      await settled(page)
      assert.deepEqual(asked, ['refresh_token'], 'one renewal for all that was asked at once')
      assert.notEqual(await accessToken(page), before)
      await page.getByRole('button', { name: /^Account: / }).waitFor()
      assert.equal(await page.getByRole('dialog').count(), 0)
      assertQuiet(page)
      await page.context().close()
    })

    test('a refused token is renewed and the request sent once more', async () => {
      const page = await arrive()
      await signIn(page, 'resident')
      await open(page, '/view/service_requests')
      const asked = grants(page)
      const refused = await refuse(page, await accessToken(page))
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Neighbourhoods' }).click()
      await page.getByRole('heading', { level: 1, name: 'Neighbourhoods' }).waitFor()
      await settled(page)
      assert.ok(refused() > 0, 'the old token was tried')
      assert.deepEqual(asked, ['refresh_token'])
      await page.getByRole('table').getByRole('row').nth(1).waitFor()
      assert.equal(await page.getByRole('dialog').count(), 0)
      await page.context().close()
    })

    test('a form that meets a refused token is saved all the same; after a sleep no request goes out with the old token', async () => {
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
        return route.fulfill({ status: 401, contentType: 'application/json', body: JSON.stringify(EXPIRED) })
      })
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByRole('heading', { level: 1, name: 'renewed' }).waitFor()
      assert.deepEqual([refused, renewals], [1, 1])

      // Two hours later by the clock of the machine: no request goes out with the old token.
      const asked = []
      page.on('response', (response) => response.url().includes('/api/') && asked.push(response.status()))
      await page.clock.setSystemTime(Date.now() + 2 * 3600 * 1000)
      await page.getByRole('link', { name: 'Edit', exact: true }).click()
      await page.getByRole('textbox', { name: 'Tag' }).fill('renewed after sleep')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
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

    test('the profile tells what the server makes of the sign-in', async () => {
      const page = await arrive()
      await signIn(page, 'resident')
      await open(page, '/profile')
      const seen = page.locator('section', { has: page.getByRole('heading', { name: 'What the server sees' }) })
      await seen.getByText('authenticated', { exact: true }).waitFor()
      await seen.getByText('user', { exact: true }).waitFor()
      await seen.getByText('Claims of your token').click()
      await seen.getByText('"preferred_username": "resident"').waitFor()
      // What the database itself refuses is told in its words.
      await page.route('**/auth/whoami', async (route) => {
        const answer = await route.fetch()
        const refused = { code: '42501', message: 'this person is not known' }
        await route.fulfill({ response: answer, json: { ...(await answer.json()), database: undefined, refused } })
      })
      await page.reload()
      await seen.getByText('The server refuses: this person is not known').waitFor()
      // Where one is signed in, and signing out everywhere, is the provider's page.
      await page.getByRole('link', { name: 'Account, password, signed-in devices' }).click()
      await page.getByText('This device', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Sign out on all devices' }).waitFor()
      assertQuiet(page)
      await page.context().close()
    })

    test('a session that ended elsewhere asks for the password in a window, and the half-filled form is kept', async () => {
      const page = await arrive()
      await signIn(page, 'resident')
      await open(page, '/create/service_requests')
      await page.getByLabel('Title').fill('Streetlight that blinks')
      await page.getByLabel('Category').selectOption({ label: 'Potholes and road surface' })
      await page.getByLabel('Neighbourhood').selectOption({ label: 'Old Town' })

      const elsewhere = await page.context().newPage()
      await elsewhere.goto('/realms/civic-os/account')
      await elsewhere.getByRole('button', { name: 'Sign out on all devices' }).click()
      await elsewhere
        .getByText(/signed out/i)
        .first()
        .waitFor()
      await elsewhere.close()
      await refuse(page, await accessToken(page))

      await page.getByLabel('Description').fill('Every night from ten.')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      const dialog = page.getByRole('dialog', { name: 'Your session ended' })
      await dialog.waitFor()
      const [popup] = await Promise.all([
        page.context().waitForEvent('page'),
        dialog.getByRole('button', { name: 'Sign in again' }).click(),
      ])
      await popup.getByLabel('Username or e-mail address').fill('resident')
      await popup.getByLabel('Password').fill('civic-os')
      await popup.getByRole('button', { name: 'Sign in' }).click()

      // What was asked for before is done now, with all that was typed.
      await page.waitForURL(/\/view\/service_requests\/\d+/)
      await settled(page)
      await page.getByRole('heading', { level: 1, name: 'Streetlight that blinks' }).waitFor()
      await page.getByText('Every night from ten.').waitFor()
      await page.context().close()
    })
  })
}
