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

    test('a file is looked at before it is imported, the template explains itself, and errors come as a workbook', async () => {
      const page = await arrive('town')
      await signIn(page, 'admin')
      await open(page, '/view/service_requests')
      /** The sheets of a workbook that was downloaded; the server reads the first, the others are unpacked. */
      const download = async (work) => {
        const [file] = await Promise.all([page.waitForEvent('download'), work()])
        const path = join(tmpdir(), `civic-os-e2e-${process.pid}-${file.suggestedFilename()}`)
        await file.saveAs(path)
        return path
      }
      const path = join(tmpdir(), `civic-os-e2e-${process.pid}-requests.csv`)
      await writeFile(
        path,
        'Title;Category;Neighbourhood;Tags\nImported with tags;potholes and road surface;Old Town;"TAGS"\n;x;Old Town;nobody\n',
      )
      const [first, second] = await (await world.demo('town')).rows('tags?select=display_name&order=id&limit=2')
      const names = `${first.display_name}, ${second.display_name.toUpperCase()}`
      await writeFile(path, (await readFile(path, 'utf8')).replace('TAGS', names))
      const dialog = await openImport(page, path)
      await dialog.getByText('The first rows of 2 rows in the file').waitFor()
      await dialog.getByRole('cell', { name: 'Imported with tags' }).waitFor()
      await dialog.getByRole('button', { name: 'Check', exact: true }).click()
      await dialog.getByText('1 row is ready. 1 row has errors.').waitFor()
      await dialog.getByText('“nobody” is not among Tags.').waitFor()
      const errors = await download(() => dialog.getByRole('button', { name: 'Download the rows with errors' }).click())
      assert.equal((await readFile(errors)).subarray(0, 2).toString(), 'PK')
      await dialog.getByRole('button', { name: 'Back' }).click()
      await dialog.getByRole('radio', { name: /Leave them out/ }).check()
      await dialog.getByRole('button', { name: 'Check', exact: true }).click()
      await dialog.getByRole('button', { name: 'Import 1 row' }).click()
      await dialog.getByText('1 row was imported.').waitFor()
      await dialog.getByRole('button', { name: 'Close' }).last().click()
      await open(page, '/view/service_requests?f0_col=display_name&f0_op=eq&f0_val=Imported with tags')
      await page.getByRole('table').getByRole('link', { name: 'Imported with tags' }).click()
      const tags = page.getByRole('region', { name: 'Tags' })
      await tags.getByText(first.display_name).waitFor()
      await tags.getByText(second.display_name).waitFor()

      // The file with the errors is imported again as it is: same rows, same errors.
      await open(page, '/view/service_requests')
      const again = await openImport(page, errors)
      await again.getByText('The first rows of 2 rows in the file').waitFor()
      await again.getByRole('columnheader', { name: 'Errors' }).waitFor()
      await page.keyboard.press('Escape')
      await again.waitFor({ state: 'detached' })

      await page.getByRole('button', { name: 'Export and import' }).click()
      await page.getByRole('menuitem', { name: 'Import…' }).click()
      const template = await download(() => page.getByRole('button', { name: 'Download a template' }).click())
      const bytes = await readFile(template)
      assert.equal(bytes.subarray(0, 2).toString(), 'PK')
      assertQuiet(page)
      await page.context().close()
    })

    test('an import is cancelled while it is checked, and nothing was written', async () => {
      const page = await arrive('town')
      await signIn(page, 'admin')
      await open(page, '/view/tags')
      const path = join(tmpdir(), `civic-os-e2e-${process.pid}-many.csv`)
      const lines = Array.from({ length: 60_000 }, (_, n) => `Never there ${n},#112233`)
      await writeFile(path, `Tag,Colour\n${lines.join('\n')}\n`)
      const dialog = await openImport(page, path)
      // As on a slow phone: elsewhere it is checked before anybody could press a key.
      const browser = await page.context().newCDPSession(page)
      await browser.send('Emulation.setCPUThrottlingRate', { rate: 8 })
      await dialog.getByRole('button', { name: 'Check', exact: true }).click()
      await dialog.getByRole('progressbar').waitFor()
      await dialog.getByText(/of 60,?000 rows checked/).waitFor()
      await page.keyboard.press('Escape')
      await browser.send('Emulation.setCPUThrottlingRate', { rate: 1 })
      await dialog.waitFor({ state: 'detached' })
      const left = await (await world.demo('town')).rows('tags?select=id&display_name=like.Never*')
      assert.deepEqual(left, [])
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
      // All or none: the second row finds nothing, so the first changes nothing.
      await dialog.getByRole('button', { name: 'Close' }).last().click()
      await writeFile(file, `id,population\n${row.id},1\n99999999,2\n`)
      const again = await openImport(page, file)
      await again.getByRole('radio', { name: /Change records that exist/ }).check()
      await again.getByRole('radio', { name: 'Stop: all rows or none' }).waitFor()
      await again.getByRole('button', { name: 'Check', exact: true }).click()
      await again.getByRole('button', { name: 'Import 2 rows' }).click()
      await again.getByText('Nothing was changed: a row was refused.').waitFor()
      await again.getByRole('row', { name: /^3 / }).waitFor()
      assert.deepEqual(await demo.rows(`neighbourhoods?select=population&id=eq.${row.id}`), [{ population: 4321 }])
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
