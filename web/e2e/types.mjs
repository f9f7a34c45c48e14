// Every property type in the browser: create, reload, edit, filter, sort.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertAccessible, assertQuiet, open, screenshot, settled, signIn, visitor } from './browser.mjs'
import { everyType, FIELDS, fillSample } from './every-type.mjs'

export function typeTests(world) {
  describe('every property type', { concurrency: 1 }, () => {
    const arrive = async (options) => visitor(await world.browser(), (await everyType(world)).url, options)
    const save = (page) => page.getByRole('button', { name: 'Save', exact: true }).click()
    let own = ''

    test('is entered, saved, shown and read back into the form', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, '/create/samples')
      await fillSample(page, 'A sample')
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

    test('many related lists are behind tabs that the address keeps and arrow keys walk; paper gets all', async () => {
      const page = await arrive()
      await open(page, '/view/sample_kinds/1')
      const tab = (name) => page.getByRole('tab', { name })
      const panel = page.getByRole('tabpanel')
      assert.equal(await page.getByRole('tab').count(), 4)
      assert.equal(await panel.count(), 1)
      await screenshot(page, 'related-tabs')
      await tab('Readings 33,333').click()
      await page.waitForURL(/tab=readings\.kind_id/)
      await panel.getByRole('link', { name: 'View all 33,333' }).waitFor()
      await page.reload()
      await settled(page)
      assert.equal(await tab('Readings 33,333').getAttribute('aria-selected'), 'true')
      await tab('Readings 33,333').focus()
      await page.keyboard.press('ArrowRight')
      await page.waitForURL(/tab=parcels\.kind_id/)
      assert.ok(await tab('Parcels 0').evaluate((element) => element === document.activeElement))
      assert.equal(await panel.count(), 1)
      await panel.getByText('None yet.').waitFor()
      await assertAccessible(page, 'a record with tabs')
      // Arrows leave no trail: back is where the click came from.
      await page.goBack()
      await page.waitForURL((url) => !url.searchParams.has('tab'))
      await page.emulateMedia({ media: 'print' })
      assert.equal(await panel.count(), 4)
      assertQuiet(page)
      await page.context().close()
    })

    test('shows the organisation’s time beside the person’s, its colour without harm, and counts visits only while allowed', async () => {
      const page = await arrive()
      const counted = []
      await page.context().route('https://statistics.example/**', (route) => {
        counted.push(new URLSearchParams(route.request().postData() ?? ''))
        return route.fulfill({ status: 204, body: '' })
      })
      await signIn(page, 'staff')
      await open(page, own)
      const moment = page.locator('time', { hasText: 'Jul 3, 2026' }).first()
      assert.match(await moment.textContent(), /5:30 PM CDT\s*Jul 3, 2026, 6:30 PM EDT/)
      await page.getByText(/10:00 AM – 11:30 AM CST/).waitFor()
      await screenshot(page, 'organisation-zone')
      await assertAccessible(page, 'record, organisation in yellow')
      await open(page, own.replace('/view/', '/edit/'))
      await page.getByText('Times in the zone America/Chicago. In America/New_York that is').first().waitFor()
      await assertAccessible(page, 'form, organisation in yellow')
      await screenshot(page, 'organisation-yellow')

      // In the organisation's zone there is one time, and the form starts with it.
      await open(page, '/profile')
      await page.getByLabel('Time zone').selectOption('organisation')
      await page.waitForEvent('load')
      await settled(page)
      await open(page, own)
      assert.match(await page.locator('time', { hasText: 'Jul 3, 2026' }).first().textContent(), /6:30 PM EDT$/)
      await open(page, own.replace('/view/', '/edit/'))
      assert.equal(await page.getByLabel('Moment', { exact: true }).inputValue(), '2026-07-03T18:30')
      await open(page, '/profile')
      await page.getByLabel('Time zone').selectOption('device')
      await page.waitForEvent('load')
      await settled(page)

      await open(page, '/view/samples')
      await page.getByRole('searchbox').fill('secret words')
      await page.waitForURL(/q=secret/)
      await settled(page)
      const pages = counted.map((entry) => entry.get('action_name')).filter(Boolean)
      assert.ok(pages.includes('/view/samples') && pages.includes(own), pages.join(' '))
      assert.ok(counted.some((entry) => entry.get('e_a') === 'Login'))
      const search = counted.find((entry) => entry.get('e_c') === 'Search')
      assert.deepEqual([search?.get('e_n'), search?.get('e_v')], ['samples', '12'])
      assert.ok(!counted.some((entry) => entry.toString().includes('secret')), 'what is searched for stays here')
      await open(page, '/profile')
      await page.getByRole('checkbox', { name: /Count my visits/ }).uncheck()
      const until = counted.length
      await open(page, '/view/samples')
      assert.equal(counted.length, until)
      await open(page, '/profile')
      await page.getByRole('checkbox', { name: /Count my visits/ }).check()
      assertQuiet(page)
      await page.context().close()
    })

    test('a map and a calendar, chosen by an administrator, each lead to the complete list', async () => {
      const admin = await arrive()
      await signIn(admin, 'admin')
      const choose = async (label, column) => {
        await open(admin, '/entity-management')
        const saved = admin.waitForResponse((response) => response.url().includes('/rpc/upsert_entity_metadata'))
        await admin.getByLabel(label).first().selectOption(column)
        assert.ok((await saved).ok())
      }
      await choose('Map on the list', 'place')
      const page = await arrive()
      await open(page, '/view/samples')
      await page.getByRole('button', { name: 'Show map' }).click()
      await page.locator('.leaflet-marker-icon').first().waitFor()
      await page.getByRole('table').locator(`a[href="${own}"]`).waitFor()
      await screenshot(page, 'samples-map')
      await assertAccessible(page, 'list with a map')
      await page.getByRole('button', { name: 'Hide map' }).click()
      await page.getByRole('table').locator(`a[href="${own}"]`).waitFor()

      await choose('Calendar on the list', 'slot')
      await open(page, '/view/samples?show=calendar&cal_date=2026-02-03')
      await page
        .getByRole('link', { name: /A sample/ })
        .first()
        .waitFor()
      await screenshot(page, 'samples-calendar')
      await assertAccessible(page, 'calendar')
      await page.getByRole('button', { name: 'Agenda' }).click()
      await page
        .getByRole('link', { name: /A sample/ })
        .first()
        .waitFor()
      assert.match(await page.getByText(/^Times in the zone/).textContent(), /America\/Chicago/)
      await page.getByRole('button', { name: 'Show table' }).click()
      await page.getByRole('table').locator(`a[href="${own}"]`).waitFor()
      await choose('Calendar on the list', '')
      assertQuiet(page)
      await page.context().close()
      await admin.context().close()
    })
  })
}
