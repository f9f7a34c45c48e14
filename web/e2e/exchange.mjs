// Files out of lists and into them.

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { assertQuiet, open, screenshot, settled, signIn, visitor } from './browser.mjs'

export function exchangeTests(world) {
  describe('export and import', { concurrency: 1 }, () => {
    const arrive = async (example) => visitor(await world.browser(), (await world.demo(example)).url)
    const exportAs = async (page, item) => {
      await page.getByRole('button', { name: 'Export and import' }).click()
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name: item }).click(),
      ])
      const path = join(tmpdir(), `civic-os-e2e-${process.pid}-${download.suggestedFilename()}`)
      await download.saveAs(path)
      return path
    }
    const openImport = async (page, file) => {
      await page.getByRole('button', { name: 'Export and import' }).click()
      await page.getByRole('menuitem', { name: 'Import…' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('File to import').setInputFiles(file)
      return dialog
    }

    test('rows that are wrong are named, stop everything, or are left out', async () => {
      const page = await arrive('town')
      await signIn(page, 'admin')
      await open(page, '/view/tags')
      const file = join(tmpdir(), `civic-os-e2e-${process.pid}-tags.csv`)
      await writeFile(file, 'Tag;Colour\nImported one;#112233\n;#445566\nImported two;blue\nImported three;\n')
      const dialog = await openImport(page, file)
      await dialog.getByRole('button', { name: 'Check', exact: true }).click()
      await dialog.getByText('2 rows are ready. 2 rows have errors.').waitFor()
      await dialog.getByRole('row', { name: /3 Tag/ }).waitFor()
      assert.equal(await dialog.getByRole('button', { name: /^Import / }).count(), 0)
      await screenshot(page, 'import-errors')
      await dialog.getByRole('button', { name: 'Back' }).click()
      await dialog.getByRole('radio', { name: /Leave them out/ }).check()
      await dialog.getByRole('button', { name: 'Check', exact: true }).click()
      await dialog.getByRole('button', { name: 'Import 2 rows' }).click()
      await dialog.getByText('2 rows were imported.').waitFor()
      await dialog.getByRole('button', { name: 'Close' }).last().click()
      await settled(page)
      await page.getByRole('table').getByText('Imported three').waitFor()
      assertQuiet(page)
      await page.context().close()
    })

    test('records are changed by their number, and everybody may export as CSV', async () => {
      const page = await arrive('town')
      await signIn(page, 'admin')
      await open(page, '/view/neighbourhoods')
      const demo = await world.demo('town')
      const [row] = await demo.rows('neighbourhoods?select=id,display_name&order=id&limit=1')
      const file = join(tmpdir(), `civic-os-e2e-${process.pid}-places.csv`)
      await writeFile(file, `id,population\n${row.id},4321\n`)
      const dialog = await openImport(page, file)
      await dialog.getByRole('radio', { name: /Change records that exist/ }).check()
      await dialog.getByRole('button', { name: 'Check', exact: true }).click()
      await dialog.getByRole('button', { name: 'Import 1 row' }).click()
      await dialog.getByText('1 row was imported.').waitFor()
      const [after] = await demo.rows(`neighbourhoods?select=display_name,population&id=eq.${row.id}`)
      assert.deepEqual(after, { display_name: row.display_name, population: 4321 })
      await page.context().close()

      const visitorPage = await arrive('town')
      await open(visitorPage, '/view/neighbourhoods')
      const csv = await readFile(await exportAs(visitorPage, 'Export as CSV'), 'utf8')
      assert.match(csv, /^\ufeff(.*,)?Neighbourhood,/)
      assert.match(csv, /4321/)
      await visitorPage.context().close()
    })
  })
}
