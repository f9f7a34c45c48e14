// Every property type in the browser: create, reload, edit, filter, sort.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assertAccessible, assertQuiet, open, screenshot, settled, signIn, visitor } from './browser.mjs'

const APP = fileURLToPath(new URL('every-type', import.meta.url))

/** How each field is filled in, and what the record's page then says. */
const FIELDS = [
  ['Long Text', (field) => field.fill('Two\nlines'), 'Two'],
  ['Small', (field) => field.fill('-3'), '-3'],
  ['Exact', (field) => field.fill('1234567.8901'), '1,234,567.8901'],
  ['Approximate', (field) => field.fill('0.5'), '0.5'],
  ['Amount', (field) => field.fill('1,234.5'), '$1,234.50'],
  ['Maybe', (field) => field.selectOption('true'), 'Yes'],
  ['Day', (field) => field.fill('2026-02-03'), 'Feb 3, 2026'],
  ['Wall', (field) => field.fill('2026-02-03T17:30'), '5:30 PM'],
  ['Moment', (field) => field.fill('2026-07-03T17:30'), '5:30 PM'],
  ['Clock', (field) => field.fill('14:30'), '14:30'],
  ['Tint', (field) => field.fill('#ff8800'), '#FF8800'],
  ['Mail', (field) => field.fill('ana@example.org'), 'ana@example.org'],
  ['Phone', (field) => field.fill('5550104477'), '(555) 010-4477'],
  ['Mood', (field) => field.selectOption('busy'), 'busy'],
  ['Document', (field) => field.fill('{"a": [1, 2]}'), '"a"'],
  ['Code', (field) => field.fill('0f8fad5b-d9cb-469f-a165-70867728950e'), '0f8fad5b-d9cb-469f-a165-70867728950e'],
  ['Kind Id', (field) => field.selectOption({ label: 'First kind' }), 'First kind'],
  ['Other Kind Id', (field) => field.selectOption({ label: 'Second kind' }), 'Second kind'],
  ['Status Id', (field) => field.selectOption({ label: 'Open' }), 'Open'],
]

export function typeTests(world) {
  describe('every property type', { concurrency: 1 }, () => {
    const arrive = async (options) => visitor(await world.browser(), (await world.demo(APP)).url, options)
    const save = (page) => page.getByRole('button', { name: 'Save', exact: true }).click()
    let own = ''

    test('is entered, saved, shown and read back into the form', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, '/create/samples')
      await page.getByLabel('Display Name').fill('A sample')
      for (const [label, fill] of FIELDS) await fill(page.getByLabel(label, { exact: true }).last())
      const slot = page.getByRole('group', { name: 'Slot' })
      await slot.getByLabel('Start').fill('2026-02-03T10:00')
      await slot.getByLabel('End').fill('2026-02-03T11:30')
      const days = page.getByRole('group', { name: 'Days' })
      await days.getByLabel('From (included)').fill('2026-02-01')
      await days.getByLabel('Up to (not included)').fill('2026-02-11')
      const numbers = page.getByRole('group', { name: 'Numbers' })
      await numbers.getByLabel('From (included)').fill('5')
      await numbers.getByLabel('Up to (not included)').fill('9')
      const words = page.getByRole('group', { name: 'Words' })
      await words.getByRole('button', { name: 'Add an entry' }).click()
      await words.getByLabel('Words, entry 1').fill('one, "two"')
      await words.getByRole('button', { name: 'Add an entry' }).click()
      await words.getByLabel('Words, entry 2').fill('three')
      const place = page.getByRole('group', { name: 'Place' })
      await place.getByLabel('Latitude').fill('43.01')
      await place.getByLabel('Longitude').fill('-83.7')
      await screenshot(page, 'types-form')
      await assertAccessible(page, 'form with every type')
      await save(page)
      await page.waitForURL(/\/view\/samples\/\d+$/)
      own = new URL(page.url()).pathname
      await page.reload()
      await settled(page)
      const [text] = await page.locator('main').allInnerTexts()
      for (const [label, , shown] of FIELDS) assert.ok(text.includes(shown), `${label}: ${shown} in ${text}`)
      for (const shown of ['10:00 AM', '[2026-02-01,2026-02-11)', '[5,9)', 'one, "two", three', '43.01000']) {
        assert.ok(text.includes(shown), `${shown} in ${text}`)
      }
      // Left empty, the database's own default came; it was not overwritten by null.
      assert.match(text, /Whole\s+7/)

      // The form starts with what was saved, and saving it unchanged changes nothing.
      await open(page, own.replace('/view/', '/edit/'))
      assert.equal(await page.getByLabel('Exact', { exact: true }).inputValue(), '1234567.8901')
      assert.equal(await page.getByLabel('Moment', { exact: true }).inputValue(), '2026-07-03T17:30')
      assert.equal(await page.getByLabel('Words, entry 1').inputValue(), 'one, "two"')
      assert.equal(await page.getByLabel('Mood', { exact: true }).inputValue(), 'busy')
      await save(page)
      await page.getByText('Nothing was changed.').first().waitFor()
      assertQuiet(page)
      await page.context().close()
    })

    test('is changed, emptied, filtered and sorted', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, own.replace('/view/', '/edit/'))
      await page.getByLabel('Exact', { exact: true }).fill('2.5')
      await page.getByLabel('Mood', { exact: true }).selectOption('closed')
      await page.getByLabel('Mail', { exact: true }).fill('')
      await page.getByRole('button', { name: 'Remove entry 1' }).click()
      await save(page)
      await page.waitForURL((url) => url.pathname === own)
      await page.getByRole('link', { name: 'Edit', exact: true }).waitFor()
      await settled(page)
      const [text] = await page.locator('main').allInnerTexts()
      for (const pattern of [/Exact\s+2\.5/, /Mood\s+closed/, /Mail\s+Not set/, /Words\s+three/]) {
        assert.match(text, pattern)
      }
      const filters = [
        ['exact', 'gte', '2'],
        ['amount', 'lte', '1300'],
        ['flag', 'is', 'true'],
        ['day', 'lte', '2026-02-03'],
        ['wall', 'lte', '2026-02-03'],
        ['moment', 'gte', '2026-07-03'],
        ['clock', 'gte', '14:00'],
        ['slot', 'gte', '2026-02-03'],
        ['phone', 'ilike', '*0104*'],
        ['mood', 'in', '(closed)'],
        ['status_id', 'in', '(1,2,3,4,5,6,7,8,9)'],
      ]
      for (const [column, op, value] of filters) {
        await open(
          page,
          `/view/samples?f0_col=${column}&f0_op=${op}&f0_val=${encodeURIComponent(value)}&sort=${column}`,
        )
        // Other tests leave records of this type too.
        const found = page.locator(`main a[href="${own}"]`).first().waitFor()
        await found.catch(async () => assert.fail(`${column} ${op}: ${await page.locator('main').textContent()}`))
      }
      for (const [column, op, value] of [
        ['exact', 'lte', '2'],
        ['slot', 'gte', '2026-02-04'],
        ['mood', 'in', '(calm)'],
        ['clock', 'gte', '15:00'],
      ]) {
        await open(page, `/view/samples?f0_col=${column}&f0_op=${op}&f0_val=${encodeURIComponent(value)}`)
        assert.equal(await page.locator(`main a[href="${own}"]`).count(), 0, `${column} ${op}`)
      }
      assertQuiet(page)
      await page.context().close()
    })

    test('a related record that is missing is added from the form that needs it', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      await open(page, own.replace('/view/', '/edit/'))
      await page.getByRole('button', { name: 'Add Kind' }).first().click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Display Name').fill('First kind')
      await dialog.getByRole('button', { name: 'Save' }).click()
      await dialog.getByText(/already exists/).waitFor()
      await dialog.getByLabel('Display Name').fill('Fourth kind')
      await screenshot(page, 'inline-create')
      await dialog.getByRole('button', { name: 'Save' }).click()
      await dialog.waitFor({ state: 'detached' })
      await page
        .getByLabel('Kind Id', { exact: true })
        .locator('option:checked', { hasText: 'Fourth kind' })
        .waitFor({ state: 'attached' })
      await save(page)
      await page.waitForURL((url) => url.pathname === own)
      await page.getByRole('link', { name: 'Fourth kind' }).waitFor()
      assertQuiet(page)
      await page.context().close()
    })
  })
}
