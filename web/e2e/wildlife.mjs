// Real data: ten thousand reports, listed, filtered, searched and opened.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertQuiet, open, screenshot, settled, visitor } from './browser.mjs'

export function wildlifeTests(world) {
  describe('wildlife strikes', { concurrency: 1 }, () => {
    const arrive = async () => visitor(await world.browser(), (await world.demo('wildlife-strikes')).url)

    test('the list shows all strikes, filters by damage and cost and searches by words', async () => {
      const page = await arrive()
      await open(page, '/view/strikes')
      await page.getByText('1–25 of 10,000').first().waitFor()
      await screenshot(page, 'wildlife-list')

      await page.getByRole('button', { name: /^Filter/ }).click()
      await page.getByRole('checkbox', { name: 'Substantial' }).check()
      await page.getByText('1–25 of 311').first().waitFor()
      await settled(page)
      await screenshot(page, 'wildlife-filtered')

      await open(page, '/view/strikes?q=canada+goose')
      await page.getByText('1–25 of 190').first().waitFor()
      assert.equal(await page.getByRole('table').getByText('Canada goose').count(), 25)
      await screenshot(page, 'wildlife-search')
      assertQuiet(page)
      await page.context().close()
    })

    test('a strike opens with its airport, and the airport with its strikes', async () => {
      const page = await arrive()
      await open(page, '/view/strikes?q=teterboro')
      await page.getByText('1–25 of 59').first().waitFor()
      await page.getByRole('table').getByRole('row').nth(1).getByRole('link').click()
      await settled(page)
      await screenshot(page, 'wildlife-detail')
      await page.getByText('TETERBORO AIRPORT').first().waitFor()
      await page.getByRole('link', { name: 'Teterboro', exact: true }).click()
      await settled(page)
      await page.getByRole('heading', { level: 1, name: 'Teterboro' }).waitFor()
      await page.getByText('59').first().waitFor()
      await screenshot(page, 'wildlife-airport')
      assertQuiet(page)
      await page.context().close()
    })

    test('airport names without a match are listed', async () => {
      const page = await arrive()
      await open(page, '/view/unmatched_airports')
      await page.getByText('1–9 of 9').first().waitFor()
      await page.getByRole('table').getByText('BARKSDALE AIR FORCE BASE ARPT').waitFor()
      await screenshot(page, 'wildlife-unmatched')
      await page.context().close()
    })
  })
}
