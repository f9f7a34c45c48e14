// Working with many records: saved views, selection, changes in bulk, the keyboard.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  accessToken,
  assertAccessible,
  assertQuiet,
  open,
  screenshot,
  settled,
  signIn,
  townVisitor,
} from './browser.mjs'

export function listTests(world) {
  describe('lists', { concurrency: 1 }, () => {
    const arrive = townVisitor(world)

    test('a view is saved, shared, used by somebody else and deleted', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, '/view/assets?f0_col=in_service&f0_op=is&f0_val=false&sort=installed_on&dir=desc')
      await page.getByRole('button', { name: 'Views' }).click()
      await page.getByRole('menuitem', { name: 'Save as a view…' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Name of the view').fill('Out of service')
      await dialog.getByRole('checkbox').check()
      await screenshot(page, 'save-view')
      await assertAccessible(page, 'dialog of a saved view')
      await dialog.getByRole('button', { name: 'Save view' }).click()
      await page.getByRole('button', { name: 'View: Out of service', exact: true }).waitFor()
      await page.reload()
      await page.getByRole('button', { name: 'View: Out of service', exact: true }).waitFor()

      const other = await arrive()
      await signIn(other, 'admin')
      await open(other, '/view/assets')
      await other.getByRole('button', { name: 'Views' }).click()
      await other.getByRole('menuitemradio', { name: 'Out of service' }).click()
      await other.waitForURL(/f0_col=in_service/)
      await other.getByRole('button', { name: /In service: No/ }).waitFor()
      assert.equal(await other.getByRole('menuitem', { name: /Rename or delete/ }).count(), 0)
      await other.context().close()

      await page.getByRole('button', { name: /^View: / }).click()
      await page.getByRole('menuitem', { name: /Rename or delete/ }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete view' }).click()
      await page.getByRole('button', { name: 'Views', exact: true }).waitFor()
      assertQuiet(page)
      await page.context().close()
    })

    test('several records are changed at once, the change is taken back, and others are deleted', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, '/view/service_requests?q=lamp&pageSize=10')
      const table = page.getByRole('table')
      const boxes = table.getByRole('checkbox', { name: /^Select / })
      await boxes.nth(1).check()
      await boxes.nth(3).click({ modifiers: ['Shift'] })
      await page.getByText('3 selected').waitFor()
      await screenshot(page, 'bulk-selected')
      await assertAccessible(page, 'list with a selection')
      await page.getByRole('button', { name: 'Change a field' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Field').selectOption({ label: 'Priority' })
      await dialog.getByLabel('Priority').selectOption({ label: 'High' })
      await screenshot(page, 'bulk-edit')
      await dialog.getByRole('button', { name: 'Change 3 records' }).click()
      await page.getByText('3 records were changed.').first().waitFor()
      await page.getByRole('button', { name: 'Undo', exact: true }).click()
      await page.getByText('3 records are as before.').first().waitFor()
      assertQuiet(page)
      await page.context().close()

      const admin = await arrive()
      await signIn(admin, 'admin')
      for (const name of ['bulk one', 'bulk two']) {
        await open(admin, '/create/tags')
        await admin.getByRole('textbox', { name: 'Tag' }).fill(name)
        await admin.getByRole('button', { name: 'Save', exact: true }).click()
        await admin.waitForURL(/\/view\/tags\/\d+$/)
      }
      await open(admin, '/view/tags')
      for (const name of ['bulk one', 'bulk two']) await admin.getByRole('checkbox', { name: `Select ${name}` }).check()
      await admin.getByRole('button', { name: 'Delete' }).click()
      await admin.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await admin.getByText('2 records were deleted.').first().waitFor()
      await settled(admin)
      assert.equal(await admin.getByRole('table').getByText(/^bulk/).count(), 0)
      await admin.context().close()
    })

    test('all records that were found are selected in a second step', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, '/view/service_requests?f0_col=category_id&f0_op=in&f0_val=(1)')
      await page.getByRole('checkbox', { name: 'Select all rows of this page' }).check()
      await page.getByText('25 selected').waitFor()
      const all = page.getByRole('button', { name: /^Select all / })
      const count = (await all.textContent()).match(/[\d,]+/)[0]
      await all.click()
      await page.getByText(`${count} selected`).waitFor()
      // Another filter is another selection.
      await page.getByRole('button', { name: 'Clear all' }).click()
      await page.getByText('selected').waitFor({ state: 'detached' })
      await page.context().close()
    })

    test('the table is worked by keyboard: j, k, x, f', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, '/view/service_requests')
      await page.locator('.co-table-box').focus()
      for (const key of ['j', 'j', 'j', 'k', 'x']) await page.keyboard.press(key)
      await page.getByText('1 selected').waitFor()
      const focused = await page.evaluate(() =>
        [...document.querySelectorAll('tbody tr')].indexOf(document.activeElement.closest('tr')),
      )
      assert.equal(focused, 1)
      await page.keyboard.press('f')
      await page.getByRole('heading', { name: 'Filters' }).waitFor()
      await page.context().close()
    })

    test('? tells the keys, / goes to the search, letters can be switched off, and the menu can be folded', async () => {
      const page = await arrive()
      await open(page, '/view/service_requests')
      const search = page.getByRole('searchbox')
      const searching = () => search.evaluate((field) => field === document.activeElement)
      await page.keyboard.press('?')
      const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
      await dialog.getByRole('heading', { name: 'On the page of a record' }).waitFor()
      await screenshot(page, 'shortcuts')
      await assertAccessible(page, 'shortcuts')
      await dialog.getByRole('checkbox').uncheck()
      await dialog.getByRole('button', { name: 'Close' }).first().click()
      await page.keyboard.press('/')
      assert.equal(await searching(), false)
      await page.getByRole('button', { name: 'Settings' }).click()
      await page.getByRole('menuitem', { name: 'Keyboard shortcuts' }).click()
      await dialog.getByRole('checkbox').check()
      await page.keyboard.press('Escape')
      await page.locator('h1').focus()
      await page.keyboard.press('/')
      assert.equal(await searching(), true)
      // While somebody types, a letter is a letter.
      await page.keyboard.type('e?')
      assert.equal(await search.inputValue(), 'e?')

      const menu = page.getByRole('navigation', { name: 'Main' })
      await page.getByRole('button', { name: 'Menu', exact: true, expanded: true }).click()
      await menu.waitFor({ state: 'detached' })
      await page.reload()
      await page.getByRole('button', { name: 'Menu', exact: true, expanded: false }).click()
      await menu.waitFor()
      assertQuiet(page)
      await page.context().close()
    })

    test('what somebody else adds is told and comes when it is asked for; nothing moves by itself', async () => {
      const demo = await world.demo('town')
      const reader = await arrive({ live: true })
      await signIn(reader, 'staff')
      const listening = reader.waitForRequest((request) => request.url().includes('/events?tables=service_requests'))
      await reader.goto('/view/service_requests')
      await reader.getByRole('table').waitFor()
      await (await listening).response()
      const first = reader.getByRole('table').getByRole('row').nth(1)
      const before = await first.textContent()
      const id = Number((await first.getAttribute('id')).replace('row-', ''))
      const answer = await fetch(`${demo.url}/api/service_requests?id=eq.${id}`, {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${await accessToken(reader)}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ due_date: '2031-05-06' }),
      })
      assert.equal(answer.status, 204)
      await reader.getByText('1 record changed since this list was loaded.').waitFor()
      assert.equal(await first.textContent(), before)
      await reader.getByRole('button', { name: 'Show', exact: true }).click()
      await first.getByText('May 6, 2031').waitFor()
      await reader.context().close()
    })
  })
}
