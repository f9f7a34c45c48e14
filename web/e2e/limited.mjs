// An operator who lets one answer have few rows (`api.db_max_rows`): the client reads on, and nobody misses a record.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertQuiet, open, visitor } from './browser.mjs'

/** Fewer than a page of a list has, and than the schema has entities and columns. The tests of private files run on it too. */
const MOST = 20
export const LIMITED = { CIVIC_OS_FILES__VISIBILITY: 'private', CIVIC_OS_API__DB_MAX_ROWS: String(MOST) }

export function limitedTests(world) {
  describe('an API that gives few rows at a time', { concurrency: 1 }, () => {
    test('pages of a list are whole and follow on each other', async () => {
      const demo = await world.demo('town', LIMITED)
      const wanted = []
      for (let from = 0; from < 60; from += MOST) {
        const rows = await demo.rows(`service_requests?select=id&order=id.desc&offset=${from}`)
        assert.equal(rows.length, MOST, 'the server keeps to its limit')
        wanted.push(...rows.map(({ id }) => String(id)))
      }
      const page = await visitor(await world.browser(), demo.url)
      const shown = () =>
        page
          .locator('tbody tr[data-index]')
          .evaluateAll((rows) =>
            rows.map((row) => row.querySelector('a[href*="/view/service_requests/"]').href.split('/').pop()),
          )
      await open(page, '/view/service_requests?pageSize=25')
      await page
        .getByText(/^1–25 of [\d,]+/)
        .first()
        .waitFor()
      assert.deepEqual(await shown(), wanted.slice(0, 25))
      await page.getByRole('link', { name: 'Page 2', exact: true }).click()
      // The rows of the page before stay in sight until these have come.
      await page.locator(`a[href$="/view/service_requests/${wanted[25]}"]`).waitFor()
      await page
        .getByText(/^26–50 of [\d,]+/)
        .first()
        .waitFor()
      assert.deepEqual(await shown(), wanted.slice(25, 50))
      // Columns come from views with more rows than one answer has.
      await page.getByRole('columnheader', { name: 'Category' }).waitFor()
      assertQuiet(page)
      await page.context().close()
    })
  })
}
