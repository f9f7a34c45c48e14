// What goes wrong in a working day, as people read it: forbidden while one writes, taken already, changed meanwhile,
// against a rule, no connection, a slow one. Sessions that end are in session.mjs, two people in one form in records.mjs.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { accessToken, assertAccessible, assertQuiet, open, screenshot, settled, signIn, visitor } from './browser.mjs'

export function errorTests(world) {
  describe('errors', { concurrency: 1 }, () => {
    const arrive = async (options) => visitor(await world.browser(), (await world.demo('town')).url, options)
    const save = (page) => page.getByRole('button', { name: 'Save', exact: true }).click()
    const remove = async (page) => {
      await page.getByRole('button', { name: 'More' }).click()
      await page.getByRole('menuitem', { name: 'Delete' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('button', { name: 'Delete' }).click()
      return dialog
    }

    test('403: a right that is taken away while one writes is told, and what was typed stays', async () => {
      const { url } = await world.demo('town')
      const admin = await arrive()
      await signIn(admin, 'admin')
      const headers = { Authorization: `Bearer ${await accessToken(admin)}`, 'Content-Type': 'application/json' }
      const call = async (name, args) => {
        const answer = await fetch(`${url}/api/rpc/${name}`, { method: 'POST', headers, body: JSON.stringify(args) })
        const body = await answer.json()
        assert.ok(answer.ok, JSON.stringify(body))
        return body
      }
      const role = (await call('get_roles', {})).find((candidate) => candidate.display_name === 'user')
      const permit = (enabled) =>
        call('set_role_permission', {
          p_role_id: role.role_id ?? role.id,
          p_table_name: 'service_requests',
          p_permission: 'create',
          p_enabled: enabled,
        })
      const page = await arrive()
      await signIn(page, 'resident')
      await open(page, '/create/service_requests')
      await page.getByLabel('Title').fill('Written before the right was gone')
      await page.getByLabel('Category').selectOption({ index: 1 })
      await page.getByLabel('Neighbourhood').selectOption({ index: 1 })
      await permit(false)
      try {
        await save(page)
        await page.getByRole('alert').getByText('You may not add records of this kind.').waitFor()
        await screenshot(page, 'error-403')
        await assertAccessible(page, 'form that was refused')
        assert.equal(await page.getByLabel('Title').inputValue(), 'Written before the right was gone')
      } finally {
        await permit(true)
      }
      await save(page)
      await page.getByRole('heading', { level: 1, name: 'Written before the right was gone' }).waitFor()
      await page.context().close()
      await admin.context().close()
    })

    test('409: a number that is taken and a record that others use are told in the words of the metadata', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      const [asset] = await (await world.demo('town')).rows('assets?select=id,asset_number&order=id&limit=1')
      await open(page, '/edit/assets/2')
      const number = page.getByLabel(/^Number( \*)?$/)
      await number.fill(asset.asset_number)
      await save(page)
      await page.getByText('Another asset has this number already.').first().waitFor()
      assert.equal(await number.getAttribute('aria-invalid'), 'true', 'the field is marked')
      assert.equal(await number.inputValue(), asset.asset_number)

      page.on('dialog', (dialog) => dialog.accept())
      await open(page, '/view/neighbourhoods/1')
      const dialog = await remove(page)
      await dialog.getByText(/This record is still used by other records/).waitFor()
      await screenshot(page, 'error-409')
      await assertAccessible(page, 'deleting what is used')
      await dialog.getByRole('button', { name: 'Cancel' }).click()
      await page.reload()
      await settled(page)
      await page.getByRole('link', { name: 'Edit', exact: true }).waitFor()
      assertQuiet(page)
      await page.context().close()
    })

    test('412: what somebody changed meanwhile is not deleted unseen', async () => {
      const first = await arrive()
      await signIn(first, 'admin')
      await open(first, '/create/tags')
      await first.getByRole('textbox', { name: 'Tag' }).fill('to be deleted')
      await save(first)
      await first.waitForURL(/\/view\/tags\/\d+$/)
      await settled(first)
      const path = new URL(first.url()).pathname
      const second = await arrive()
      await signIn(second, 'admin')
      await open(second, path.replace('/view/', '/edit/'))
      await second.getByRole('textbox', { name: 'Tag' }).fill('kept by the second')
      // Between the look at the record and the deletion: the other's change arrives in that moment.
      await first.route('**/api/tags?id=eq.*', async (route) => {
        if (route.request().method() === 'DELETE') {
          await save(second)
          await second.waitForURL(/\/view\/tags\/\d+$/)
        }
        await route.fallback()
      })
      const dialog = await remove(first)
      await dialog.getByText('Somebody else changed this record. Reload it and try again.').waitFor()
      await screenshot(first, 'error-412')
      await dialog.getByRole('button', { name: 'Cancel' }).click()
      await first.getByRole('heading', { level: 1, name: 'kept by the second' }).waitFor()
      await first.context().close()
      await second.context().close()
    })

    test('a rule that only the database knows is told beside its field', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, '/edit/service_requests/102')
      await page.getByLabel('Due').fill('2001-01-01')
      await save(page)
      await page.getByText('A request cannot be due before it was reported.').first().waitFor()
      assert.equal(await page.getByLabel('Due').getAttribute('aria-invalid'), 'true')
      await screenshot(page, 'error-rule')
      page.on('dialog', (dialog) => dialog.accept())
      await page.context().close()
    })

    test('offline: a list says so and comes when the connection does', async () => {
      const page = await arrive()
      await open(page, '/view/neighbourhoods')
      await page.context().setOffline(true)
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Service requests' }).click()
      await page.getByText('The records could not be loaded').waitFor()
      await page.getByText('No connection. Check your network and try again.').waitFor()
      assert.equal(await page.getByText('No records').count(), 0)
      await screenshot(page, 'error-offline')
      await page.context().setOffline(false)
      await page
        .getByRole('button', { name: 'Try again' })
        .click()
        // It may have come by itself in the meantime.
        .catch(() => undefined)
      await page.getByRole('table').waitFor()
      await page.context().close()
    })

    test('a slow connection: the wait is shown, a second click sends nothing, and the record comes', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      await open(page, '/create/tags')
      let sent = 0
      let release
      const held = new Promise((resolve) => {
        release = resolve
      })
      await page.route('**/api/tags', async (route) => {
        if (route.request().method() === 'POST') {
          sent += 1
          await held
        }
        await route.fallback()
      })
      await page.getByRole('textbox', { name: 'Tag' }).fill('slow tag')
      await save(page)
      const waiting = page.getByRole('button', { name: 'Saving…' })
      await waiting.waitFor()
      await waiting.click({ force: true })
      await page.getByRole('textbox', { name: 'Tag' }).press('Enter')
      release()
      await page.getByRole('heading', { level: 1, name: 'slow tag' }).waitFor()
      assert.equal(sent, 1)
      assertQuiet(page)
      await page.context().close()
    })
  })
}
