// 100,000 rows in and out once, and 20,000 with moments, amounts and references in, with what they cost: node
// e2e/import-size.mjs, with CIVIC_OS_BINARY and CHROMIUM set as by e2e/run. Prints one line per step; no test, because it takes minutes.

import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launch, open, signIn, visitor } from './browser.mjs'
import { Demo } from './demo.mjs'

const ROWS = Number(process.env.ROWS ?? 100_000)
const browser = await launch()
const demo = await Demo.start('town')
const path = join(tmpdir(), `civic-os-import-${process.pid}.csv`)

/** The server's memory in MB, as the kernel counts it: `VmRSS` now, `VmHWM` at its peak. */
const memory = async (which) => {
  const status = await readFile(`/proc/${demo.child.pid}/status`, 'utf8')
  return Math.round(new RegExp(`${which}:\\s+(\\d+)`).exec(status)[1] / 1024)
}
/** Each step has a peak of its own. */
const forgetPeak = () => writeFile(`/proc/${demo.child.pid}/clear_refs`, '5')
const step = async (name, work) => {
  await forgetPeak()
  const before = await memory('VmRSS')
  const began = performance.now()
  await work()
  const heap = await page.evaluate(() => Math.round((performance.memory?.usedJSHeapSize ?? 0) / 1e6))
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${name}: ${seconds} s; server ${before} MB before, peak ${await memory('VmHWM')} MB; page ${heap} MB`)
}

const page = await visitor(browser, demo.url)
try {
  await signIn(page, 'admin')
  page.setDefaultTimeout(240_000)
  const menu = async (view, item) => {
    await open(page, view)
    await page.getByRole('button', { name: 'Export and import' }).click()
    await page.getByRole('menuitem', { name: item }).click()
  }
  /** Imports lines of comma-separated text. */
  const importInto = async (view, headings, lines) => {
    await writeFile(path, `${headings}\n${lines.join('\n')}\n`)
    await menu(view, 'Import…')
    const dialog = page.getByRole('dialog')
    const check = dialog.getByRole('button', { name: 'Check', exact: true })
    console.log(`${lines.length} rows for ${view}`)
    await step('read by the server', async () => {
      await dialog.getByLabel('File to import').setInputFiles(path)
      await check.waitFor()
    })
    const run = dialog.getByRole('button', { name: /^Import / })
    await step('checked', async () => {
      await check.click()
      await run.waitFor()
    })
    await step('imported, all or none', async () => {
      await run.click()
      await dialog.getByText(/rows were imported|Nothing was imported/).waitFor()
      assert.match(await dialog.textContent(), /rows were imported/)
    })
  }
  const numbers = (count) => Array.from({ length: count }, (_, n) => n)
  const colour = (n) => `#${(n % 0xffffff).toString(16).padStart(6, '0')}`
  await importInto(
    '/view/tags',
    'Tag,Colour',
    numbers(ROWS).map((n) => `Row number ${n},${colour(n)}`),
  )
  const [request] = await demo.rows('service_requests?select=id&order=id&limit=1')
  await importInto(
    '/view/work_orders',
    'Task,Service request,Scheduled for,Cost',
    numbers(ROWS / 5).map((n) => `Work ${n},${request.id},2026-07-${10 + (n % 20)} 08:${10 + (n % 50)},$${n}.50`),
  )

  for (const item of ['Export as CSV', 'Export as a workbook (xlsx)']) {
    await step(item, async () => {
      const download = page.waitForEvent('download')
      // The town has a few tags of its own, and an export ends at 100,000.
      await open(page, '/view/tags?f0_col=display_name&f0_op=ilike&f0_val=Row number *')
      await page.getByRole('button', { name: 'Export and import' }).click()
      await page.getByRole('menuitem', { name: item }).click()
      const file = await (await download).path()
      console.log(`the file has ${((await stat(file)).size / 1e6).toFixed(1)} MB`)
    })
  }
} finally {
  await browser.close()
  await demo.stop()
}
