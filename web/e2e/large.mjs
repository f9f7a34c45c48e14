// A table of 100,000 rows in pages of up to 1,000: what is not near the window is not in the document, and nobody
// notices. And a choice among 10,000 records.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertAccessible, assertQuiet, open, PHONE, screenshot, settled, signIn, visitor } from './browser.mjs'
import { everyType } from './every-type.mjs'

const LIST = '/view/readings?pageSize=1000&sort=display_name&dir=asc'
/** A window of 900 px holds some 18 rows; with those beyond its edges and the one kept for focus. */
const MOST_ROWS = 60
const LONGEST_TASK_MS = 100

export function largeTests(world) {
  describe('a table of 100,000 rows', { concurrency: 1 }, () => {
    const arrive = async (options) => visitor(await world.browser(), (await everyType(world)).url, options)
    const rows = (page) => page.locator('tbody tr[data-index]')
    const row = (page, name) => page.getByRole('row').filter({ hasText: name })
    const scrollTo = (page, share) =>
      page.locator('.co-table-box').evaluate((box, part) => box.scrollTo(0, part * box.scrollHeight), share)
    const fewRows = async (page) => {
      const drawn = await rows(page).count()
      assert.ok(drawn > 10 && drawn <= MOST_ROWS, `${drawn} rows in the document`)
    }

    test('is opened, scrolled, sorted, searched and left by its last page with few rows in the document', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, LIST)
      await page.getByText('1–1,000 of 100,000').first().waitFor()
      await row(page, 'Reading 000001').waitFor()
      await fewRows(page)
      const table = page.getByRole('table')
      assert.equal(await table.getAttribute('aria-rowcount'), '100001')
      assert.equal(await row(page, 'Reading 000001').getAttribute('aria-rowindex'), '2')
      // The reader's rows are the drawn ones and the headings: the space between is nobody's row.
      assert.equal(await table.getByRole('row').count(), (await rows(page).count()) + 1)
      await screenshot(page, 'large-list')
      await assertAccessible(page, 'long page of a list')

      await scrollTo(page, 0.5)
      await row(page, 'Reading 000500').waitFor()
      await fewRows(page)
      // The headings stay in sight while the rows pass below them.
      const gap = await page.evaluate(() => {
        const [box, head] = ['.co-table-box', 'thead th'].map((part) => document.querySelector(part))
        return head.getBoundingClientRect().top - box.getBoundingClientRect().top
      })
      assert.ok(gap >= 0 && gap < 3, `headings ${gap} px below the edge`)
      await scrollTo(page, 1)
      await row(page, 'Reading 001000').waitFor()
      await fewRows(page)

      // Another page begins at its beginning.
      await page.getByRole('link', { name: 'Page 100', exact: true }).click()
      await page.getByText('99,001–100,000 of 100,000').first().waitFor()
      await row(page, 'Reading 099001').waitFor()
      assert.equal(await row(page, 'Reading 099001').getAttribute('aria-rowindex'), '99002')
      await scrollTo(page, 1)
      await row(page, 'Reading 100000').waitFor()

      await page.getByRole('button', { name: 'Value' }).click()
      await page.waitForURL(/sort=value/)
      await page.getByText('1–1,000 of 100,000 · sorted by Value').first().waitFor()
      await fewRows(page)
      await page.getByRole('searchbox').first().fill('meter')
      await page.getByText('1–1,000 of 10,000').first().waitFor()
      await fewRows(page)
      assertQuiet(page)
      await page.context().close()
    })

    test('is worked by keyboard and selection across rows that are not drawn', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, LIST)
      await page.locator('.co-table-box').focus()
      for (let n = 0; n < 50; n += 1) await page.keyboard.press('j')
      const focused = () => page.evaluate(() => document.activeElement.closest('tr')?.textContent ?? '')
      assert.match(await focused(), /Reading 000050/)
      await page.keyboard.press('x')
      await page.getByText('1 selected').waitFor()

      // Scrolled away, focus stays where it was, and the next key goes on from there.
      await scrollTo(page, 1)
      await row(page, 'Reading 001000').waitFor()
      assert.match(await focused(), /Reading 000050/)
      await fewRows(page)
      await page.keyboard.press('j')
      assert.match(await focused(), /Reading 000051/)
      await page.waitForFunction(() => {
        const { top } = document.activeElement.getBoundingClientRect()
        return top > document.querySelector('thead').getBoundingClientRect().bottom - 1 && top < innerHeight
      })
      // Everything from the selected row to one far below that was never drawn between them.
      await scrollTo(page, 0.8)
      const far = row(page, 'Reading 000800').getByRole('checkbox')
      await far.click({ modifiers: ['Shift'] })
      await page.getByText('751 selected').waitFor()
      await page.getByRole('checkbox', { name: 'Select all rows of this page' }).check()
      await page.getByText('1,000 selected').waitFor()

      // Back from a record: its row again, with focus, although it is far down the page.
      await row(page, 'Reading 000800').getByRole('link').click()
      await page.getByRole('heading', { level: 1, name: 'Reading 000800' }).waitFor()
      await page.goBack()
      await page.waitForFunction(() => document.activeElement?.textContent === 'Reading 000800')
      await settled(page)
      assert.match(await focused(), /Reading 000800/)
      const seen = await page.evaluate(() => {
        const { top, bottom } = document.activeElement.getBoundingClientRect()
        const box = document.querySelector('.co-table-box').getBoundingClientRect()
        return top >= box.top && bottom <= box.bottom
      })
      assert.ok(seen, 'the row that was left is in sight')
      assertQuiet(page)
      await page.context().close()
    })

    test('is scrolled from end to end without a task of more than 100 ms and without columns that jump', async () => {
      const page = await arrive()
      await open(page, LIST)
      await row(page, 'Reading 000001').waitFor()
      const scroll = () =>
        page.evaluate(async () => {
          const tasks = []
          const observer = new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) tasks.push(entry.duration)
          })
          observer.observe({ type: 'longtask' })
          const box = document.querySelector('.co-table-box')
          const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
          const widths = new Set()
          let most = 0
          for (let top = 0; top < box.scrollHeight; top += 700) {
            box.scrollTo(0, top)
            await frame()
            const heads = [...document.querySelectorAll('thead th')]
            // The two-line remarks are seen from the beginning: after the first window nothing changes.
            widths.add(heads.map((head) => Math.round(head.getBoundingClientRect().width)).join(' '))
            most = Math.max(most, document.querySelectorAll('tbody tr[data-index]').length)
          }
          observer.disconnect()
          return { longest: Math.round(Math.max(0, ...tasks)), widths: [...widths], most }
        })
      // The best of up to five: a task that waits for other programs of the machine is not a long one.
      const rounds = []
      while (rounds.length < 5 && !rounds.some(({ longest }) => longest <= LONGEST_TASK_MS)) rounds.push(await scroll())
      assert.ok(
        rounds.some(({ longest }) => longest <= LONGEST_TASK_MS),
        `longest tasks of ${rounds.map(({ longest }) => longest).join(', ')} ms`,
      )
      const widths = [...new Set(rounds.flatMap((round) => round.widths))]
      assert.equal(widths.length, 1, widths.join(' | '))
      assert.ok(
        rounds.every(({ most }) => most <= MOST_ROWS),
        `${rounds.map(({ most }) => most).join(', ')} rows in the document`,
      )
      assertQuiet(page)
      await page.context().close()
    })

    test('goes to paper whole', async () => {
      const page = await arrive()
      await open(page, LIST)
      await fewRows(page)
      await page.evaluate(() => {
        addEventListener('beforeprint', () => {
          window.printed = document.querySelectorAll('tbody tr[data-index]').length
        })
      })
      await page.pdf()
      assert.equal(await page.evaluate(() => window.printed), 1000)
      await page.waitForFunction((most) => document.querySelectorAll('tbody tr[data-index]').length <= most, MOST_ROWS)
      await page.context().close()
    })

    test('is a list of cards on a phone, few of them in the document', async () => {
      const page = await arrive({ viewport: PHONE })
      await open(page, LIST)
      const cards = page.locator('main li[data-index]')
      await page.getByRole('link', { name: 'Reading 000001' }).waitFor()
      const [last] = [await cards.count()]
      assert.ok(last > 3 && last <= MOST_ROWS, `${last} cards in the document`)
      assert.equal(await cards.first().getAttribute('aria-setsize'), '1000')
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight))
      await page.getByRole('link', { name: 'Reading 001000' }).waitFor()
      assert.ok((await cards.count()) <= MOST_ROWS)
      await page.getByRole('link', { name: 'Reading 000990' }).click()
      await page.getByRole('heading', { level: 1, name: 'Reading 000990' }).waitFor()
      await page.goBack()
      await page.waitForFunction(() => document.activeElement?.textContent === 'Reading 000990')
      assertQuiet(page)
      await page.context().close()
    })

    test('27: a record among 10,000 is found with three letters in less than a second', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      const times = []
      // The best of three: what is asked for is the client's and the server's time, not the machine's.
      for (let round = 0; round < 3; round += 1) {
        await open(page, '/create/readings')
        const box = page.getByRole('combobox', { name: /parcel/i })
        await box.click()
        const offered = page.getByRole('listbox').getByRole('option')
        await offered.first().waitFor()
        assert.ok((await offered.count()) <= 50, 'not all 10,000 are offered')
        const start = Date.now()
        await box.pressSequentially('qux')
        await page.getByRole('option', { name: 'Quxley Mill' }).waitFor()
        times.push(Date.now() - start)
        assert.equal(await offered.filter({ hasText: /^Parcel / }).count(), 0)
      }
      assert.ok(Math.min(...times) < 1000, `${times.join(', ')} ms`)
      await page.getByRole('option', { name: 'Quxley Mill' }).click()
      assert.equal(await page.getByRole('combobox', { name: /parcel/i }).inputValue(), 'Quxley Mill')
      assertQuiet(page)
      await page.context().close()
    })
  })
}
