// Two people at once, and what else forms do with records.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertAccessible, assertQuiet, open, PHONE, screenshot, settled, signIn, townVisitor } from './browser.mjs'

export function recordTests(world) {
  describe('records', { concurrency: 1 }, () => {
    const arrive = townVisitor(world)
    const save = (page) => page.getByRole('button', { name: 'Save', exact: true }).click()

    test('two people change one record: nothing is lost, and only what both changed is asked', async () => {
      const path = '/edit/service_requests/100'
      const first = await arrive()
      await signIn(first, 'staff')
      await open(first, path)
      const second = await arrive()
      await signIn(second, 'admin')
      await open(second, path)

      await second.getByLabel('Address').fill('2 Second Street')
      await second.getByLabel('Priority').selectOption({ label: 'High' })
      await save(second)
      await second.waitForURL(/\/view\/service_requests\/100$/)

      await first.getByLabel('Address').fill('1 First Street')
      await first.getByLabel('Description').fill('Seen by the first person.')
      await save(first)
      const dialog = first.getByRole('dialog')
      await dialog.getByRole('heading', { name: /changed this record while you were editing/ }).waitFor()
      await screenshot(first, 'conflict')
      await assertAccessible(first, 'conflict dialog')
      // Nothing is chosen beforehand.
      await dialog.getByRole('button', { name: 'Save chosen values' }).click()
      await dialog.getByText('Choose a value for Address.').waitFor()
      await dialog.getByRole('radio', { name: 'Yours: 1 First Street' }).check()
      await dialog.getByRole('button', { name: 'Save chosen values' }).click()
      await first.waitForURL(/\/view\/service_requests\/100$/)
      await settled(first)
      await first.getByText('1 First Street').waitFor()
      await first.getByText('Seen by the first person.').waitFor()
      await first.getByText('High', { exact: true }).first().waitFor()
      assertQuiet(first)
      await first.context().close()
      await second.context().close()
    })

    test('a record that somebody deleted meanwhile can be added again from what was typed', async () => {
      const first = await arrive()
      await signIn(first, 'admin')
      await open(first, '/create/tags')
      await first.getByRole('textbox', { name: 'Tag' }).fill('short-lived')
      await save(first)
      await first.waitForURL(/\/view\/tags\/\d+$/)
      const path = new URL(first.url()).pathname
      await open(first, path.replace('/view/', '/edit/'))
      const second = await arrive()
      await signIn(second, 'admin')
      await open(second, path)
      await second.getByRole('button', { name: 'More' }).click()
      await second.getByRole('menuitem', { name: 'Delete' }).click()
      await second.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await second.waitForURL(/\/view\/tags$/)
      await second.context().close()

      await first.getByRole('textbox', { name: 'Tag' }).fill('risen again')
      await save(first)
      const dialog = first.getByRole('dialog')
      await dialog.getByRole('heading', { name: 'This record was deleted while you were editing' }).waitFor()
      await dialog.getByRole('button', { name: 'Add it again' }).click()
      await first.waitForURL((url) => /\/view\/tags\/\d+$/.test(url.pathname) && url.pathname !== path)
      await first.getByRole('heading', { level: 1, name: 'risen again' }).waitFor()
      await first.context().close()
    })

    test('what a field was is told by name', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, '/edit/service_requests/101')
      const status = page.getByLabel('Status')
      const before = await status.locator('option:checked').textContent()
      const options = await status.locator('option').allTextContents()
      await status.selectOption({ label: options.find((option) => option !== before && option !== '') })
      await page.locator('.co-field-was').filter({ hasText: before }).waitFor()
      assert.equal(await page.getByText(/Was:\s*Record/).count(), 0)
      await page.context().close()
    })

    test('an active filter does not break the bar at 320 px', async () => {
      const page = await arrive({ viewport: PHONE })
      await open(page, '/view/service_requests?f0_col=status_id&f0_op=in&f0_val=(1)')
      const button = page.getByRole('button', { name: 'Filter, 1 active' })
      const box = await button.boundingBox()
      assert.ok(box.height <= 46, `the button is ${box.height} px tall`)
      await screenshot(page, 'phone-filter-active')
      await page.context().close()
    })
  })
}
