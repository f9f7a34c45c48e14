// Two people at once, and what else forms do with records.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  accessToken,
  assertAccessible,
  assertQuiet,
  open,
  PHONE,
  screenshot,
  settled,
  signIn,
  townVisitor,
} from './browser.mjs'

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

    test('one goes from record to record as in the list, also over the edge of its page', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, '/view/service_requests?pageSize=10')
      const links = page.locator('tbody .co-row-link')
      const paths = await links.evaluateAll((found) => found.map((link) => link.pathname))
      const at = (path) => page.waitForURL((url) => url.pathname === path)
      await links.nth(8).click()
      await at(paths[8])
      const near = page.getByRole('navigation', { name: 'Records of the list' })
      await near.getByText(/^9 of /).waitFor()
      await screenshot(page, 'record-neighbours')
      await page.keyboard.press('Alt+ArrowDown')
      await at(paths[9])
      // The next one stands on the next page of the list.
      const next = near.getByRole('link', { name: 'Next record' })
      await near.getByText(/^10 of /).waitFor()
      const eleventh = await next.evaluate((link) => link.pathname)
      assert.ok(!paths.includes(eleventh))
      await page.keyboard.press('Alt+ArrowDown')
      await at(eleventh)
      await near.getByText(/^11 of /).waitFor()
      await page.waitForFunction(() => document.activeElement?.tagName === 'H1')
      await near.getByRole('link', { name: 'Previous record' }).click()
      await at(paths[9])
      await settled(page)
      // `e` edits, and saving goes on with the next.
      await page.keyboard.press('e')
      await at(paths[9].replace('/view/', '/edit/'))
      await page.getByRole('button', { name: 'Save and next' }).click()
      await at(eleventh.replace('/view/', '/edit/'))
      await page.goBack()
      await at(paths[9])
      await page.goBack()
      await at('/view/service_requests')
      assertQuiet(page)
      await page.context().close()
    })

    test('who reads or edits a record is told that somebody else changed it', async () => {
      const demo = await world.demo('town')
      const page = await arrive({ live: true })
      await signIn(page, 'staff')
      const change = async (due_date) => {
        const answer = await fetch(`${demo.url}/api/service_requests?id=eq.102`, {
          method: 'PATCH',
          headers: { Authorization: `Bearer ${await accessToken(page)}`, 'Content-Type': 'application/json' },
          body: JSON.stringify({ due_date }),
        })
        assert.equal(answer.status, 204)
      }
      const arriveAt = async (path) => {
        const listening = page.waitForRequest((request) => request.url().includes('/events?tables=service_requests'))
        await page.goto(path)
        await (await listening).response()
      }
      await arriveAt('/view/service_requests/102')
      await page.getByRole('heading', { name: 'Activity' }).waitFor()
      await change('2031-06-07')
      await page.getByText('This record was changed since it was loaded.').waitFor()
      assert.equal(await page.getByText('Jun 7, 2031').count(), 0)
      await page.getByRole('button', { name: 'Show', exact: true }).click()
      await page.getByText('Jun 7, 2031').waitFor()

      await arriveAt('/edit/service_requests/102')
      await page.getByLabel('Address').fill('12 Kept Lane')
      await change('2031-06-08')
      await page.getByRole('button', { name: 'Show changes' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText('You changed different fields. Save to keep both.').waitFor()
      await dialog.getByRole('button', { name: 'Save chosen values' }).click()
      await page.waitForURL(/\/view\/service_requests\/102$/)
      await page.getByText('12 Kept Lane').waitFor()
      await page.getByText('Jun 8, 2031').waitFor()
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
