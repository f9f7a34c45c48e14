// The way of every property type: create, reload, edit, filter, sort, export, import again. One record (A) goes through
// the forms, another one (B) through the API, so that filters and orders have something to tell apart.

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { accessToken, assertAccessible, assertQuiet, open, screenshot, settled, signIn, visitor } from './browser.mjs'
import { everyType } from './every-type.mjs'
import { FILES, group, types } from './type-table.mjs'

export function walkTests(world) {
  describe('the way of every type', { concurrency: 1 }, () => {
    const arrive = async () => visitor(await world.browser(), (await everyType(world)).url)
    const save = (page) => page.getByRole('button', { name: 'Save', exact: true }).click()
    const words = async (locator) => (await locator.allInnerTexts())[0] ?? ''
    const said = (page) => words(page.locator('main'))
    const one = { f0_col: 'display_name', f0_op: 'eq', f0_val: 'Walk A' }
    const list = (search) => `/view/samples?${new URLSearchParams(search)}`
    let table
    let own = ''
    let other = ''
    let staff

    /** The first step's page; without its record there is nothing to look at. */
    const ready = () => {
      assert.ok(own !== '' && other !== '', 'the record was not added')
      return staff
    }

    const token = async (page) => ({ Authorization: `Bearer ${await accessToken(page)}` })

    test('a record with every type is added with its files and links, and stays after a reload', async () => {
      const resident = await arrive()
      await signIn(resident, 'resident')
      await resident.context().close()
      const page = await arrive()
      staff = page
      await signIn(page, 'staff')
      const { url } = await everyType(world)
      const headers = await token(page)
      const rows = async (path) => (await fetch(`${url}/api/${path}`, { headers })).json()
      const people = await rows('civic_os_users?select=id,display_name,full_name&order=display_name')
      const states = await rows('statuses?select=id&entity_type=eq.sample&order=sort_order')
      const shown = (person) => person.full_name ?? person.display_name
      const picture = await page.screenshot({ type: 'jpeg' })
      const paper = await page.pdf()
      const file = (name, mimeType, buffer) => ({ name, mimeType, buffer })
      table = types({
        people: people.slice(0, 2).map((person) => [shown(person), shown(person)]),
        firstPerson: people[0].id,
        lastPerson: people.at(-1).id,
        open: states[0].id,
        done: states[1].id,
        picture: file('first.jpg', 'image/jpeg', picture),
        otherPicture: file('second.jpg', 'image/jpeg', picture),
        paper: file('paper.pdf', 'application/pdf', paper),
        otherPaper: file('again.pdf', 'application/pdf', paper),
        note: file('note.txt', 'text/plain', Buffer.from('a note')),
        otherNote: file('note-2.txt', 'text/plain', Buffer.from('another note')),
      })
      await open(page, '/create/samples')
      await page.getByLabel('Display Name').fill('Walk A')
      for (const [column, , control, { a }] of table) {
        await control.fill(page, a[0]).catch((error) => assert.fail(`${column}: ${error.message}`))
      }
      await group(page, 'Kinds').getByLabel('First kind').check()
      await group(page, 'Kinds').getByLabel('Third kind').check()
      await screenshot(page, 'walk-form')
      await save(page)
      await page.waitForURL(/\/view\/samples\/\d+$/)
      own = new URL(page.url()).pathname
      await page.reload()
      await settled(page)
      const text = await said(page)
      for (const [column, , , { a }] of table) assert.ok(text.includes(a[1]), `${column}: ${a[1]} in ${text}`)
      const links = page.getByRole('region', { name: 'Kinds' })
      assert.match(await words(links), /First kind\s+Third kind/)

      const b = Object.fromEntries(table.map(([column, , , { b }]) => [column, b]))
      const added = await fetch(`${url}/api/samples`, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json', Prefer: 'return=representation' },
        body: JSON.stringify({ ...b, display_name: 'Walk B' }),
      })
      const body = await added.json()
      assert.equal(added.status, 201, JSON.stringify(body))
      other = `/view/samples/${body[0].id}`
      assertQuiet(page)
    })

    test('the form starts with what was saved, and every field is changed', async () => {
      const page = ready()
      await open(page, own.replace('/view/', '/edit/'))
      for (const [column, , control, { a }] of table) {
        const expected = a[2] ?? (typeof a[0] === 'string' ? a[0] : a[0].name)
        assert.equal((await control.read(page)).trim(), expected, column)
      }
      await save(page)
      await page.getByText('Nothing was changed.').first().waitFor()
      await open(page, own.replace('/view/', '/edit/'))
      for (const [column, , control, { next }] of table) {
        await control.fill(page, next[0]).catch((error) => assert.fail(`${column}: ${error.message}`))
      }
      await save(page)
      await page.waitForURL((url) => url.pathname === own)
      await page.getByRole('link', { name: 'Edit', exact: true }).waitFor()
      await settled(page)
      const text = await said(page)
      for (const [column, , , { next }] of table) assert.ok(text.includes(next[1]), `${column}: ${next[1]} in ${text}`)

      const links = page.getByRole('region', { name: 'Kinds' })
      await links.getByRole('button', { name: 'Edit Kinds' }).click()
      await links.getByLabel('First kind').uncheck()
      await links.getByLabel('Second kind').check()
      await links.getByRole('button', { name: 'Save' }).click()
      await links.getByRole('button', { name: 'Edit Kinds' }).waitFor()
      assert.match(await words(links), /(Third kind\s+Second kind)|(Second kind\s+Third kind)/)
      assertQuiet(page)
    })

    test('every type has a filter in the panel that finds one record and not the other', async () => {
      const page = ready()
      await open(page, '/view/samples')
      await page.getByRole('button', { name: /^Filter/ }).click()
      const panel = page.getByRole('region', { name: 'Filters' })
      for (const [column, label] of table) {
        const controls = panel.getByRole('group', { name: label, exact: true }).locator('input, select, button')
        await controls
          .first()
          .waitFor()
          .catch(() => assert.fail(`${column} has no filter`))
      }
      await screenshot(page, 'walk-filters')
      await assertAccessible(page, 'filters of every type')
      for (const [column, label, , { hit }] of table) {
        const walkers = { f1_col: 'display_name', f1_op: 'ilike', f1_val: 'Walk %' }
        await open(page, list({ f0_col: column, f0_op: hit[0], f0_val: hit[1], ...walkers }))
        const seen = await said(page)
        assert.ok((await page.locator(`main a[href="${own}"]`).count()) > 0, `${column} ${hit.join('.')}: ${seen}`)
        assert.equal(await page.locator(`main a[href="${other}"]`).count(), 0, `${column} ${hit.join('.')}`)
        const chips = page.getByRole('list', { name: 'Active filters' })
        assert.ok((await words(chips)).includes(label), `${column}: its chip names it`)
        assert.doesNotMatch(await words(chips), /not_null|\{"/, `${column}: the chip is in words`)
      }
      assertQuiet(page)
    })

    test('every type sorts in both directions, or says by its header that it has no order', async () => {
      const page = ready()
      const walkers = { f0_col: 'display_name', f0_op: 'ilike', f0_val: 'Walk %' }
      for (const [column, label, , { sort }] of table) {
        await open(page, list({ ...walkers, sort: column, dir: 'asc', cols: `display_name,${column}` }))
        const header = page.getByRole('columnheader', { name: label, exact: true })
        await header.waitFor().catch(() => assert.fail(`${column} is no column`))
        if (sort) {
          assert.equal(await header.getByRole('button').count(), 0, `${column}: ${sort}`)
          continue
        }
        const order = async () =>
          (await said(page))
            .match(/Walk [AB]/g)
            ?.slice(-2)
            .join()
        assert.equal(await order(), 'Walk A,Walk B', `${column} ascending`)
        await open(page, list({ ...walkers, sort: column, dir: 'desc', cols: `display_name,${column}` }))
        assert.equal(await order(), 'Walk B,Walk A', `${column} descending`)
      }
      assertQuiet(page)
    })

    test('words that were searched for are marked in every type that is text', async () => {
      const page = ready()
      await open(page, list({ q: 'alpha', cols: 'display_name,long_text' }))
      assert.deepEqual(await page.locator('main mark').allInnerTexts(), ['Alpha'])
      await open(page, list({ q: 'walk', cols: 'display_name,long_text' }))
      assert.deepEqual([...new Set(await page.locator('main mark').allInnerTexts())], ['Walk'])
      await open(page, list({ q: 'bea@example.org', cols: 'display_name,mail' }))
      assert.deepEqual(await page.locator('main mark').allInnerTexts(), ['bea@example.org'])
      await open(page, list({ q: '5550104488', cols: 'display_name,phone' }))
      await page.locator(`main a[href="${own}"]`).first().waitFor()
      assertQuiet(page)
    })

    test('what is exported is imported again: as a new record and into the old one, links and all', async () => {
      const page = ready()
      const { url } = await everyType(world)
      const save = async (item) => {
        await open(page, list(one))
        await page.getByRole('button', { name: 'Export and import' }).click()
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('menuitem', { name: item }).click(),
        ])
        const path = join(tmpdir(), `civic-os-e2e-${process.pid}-${download.suggestedFilename()}`)
        await download.saveAs(path)
        return path
      }
      const start = async (file) => {
        await open(page, list(one))
        await page.getByRole('button', { name: 'Export and import' }).click()
        await page.getByRole('menuitem', { name: 'Import…' }).click()
        const dialog = page.getByRole('dialog')
        await dialog.getByLabel('File to import').setInputFiles(file)
        await dialog.getByRole('button', { name: 'Check', exact: true }).waitFor()
        return dialog
      }
      const finish = async (dialog) => {
        await dialog.getByRole('button', { name: 'Check', exact: true }).click()
        const ready = dialog.getByRole('button', { name: 'Import 1 row' })
        await ready.waitFor().catch(async () => assert.fail(await words(dialog)))
        await ready.click()
        const done = dialog.getByText('1 row was imported.')
        await done.waitFor().catch(async () => assert.fail(await words(dialog)))
        await dialog.getByRole('button', { name: 'Close' }).last().click()
      }
      /** What the page of a record says of each field and its links, without what belongs to the one record only. */
      const facts = async (path) => {
        await open(page, path)
        const fields = await page
          .locator('main dl.co-fields')
          .evaluate((list) =>
            [...list.querySelectorAll('dt')].map((term) => [term.textContent, term.nextElementSibling?.textContent]),
          )
        const own = ['Id', 'Created At', 'Updated At', 'Picture', 'Paper', 'Attachment']
        const links = await words(page.getByRole('region', { name: 'Kinds' }).getByRole('list'))
        return [...fields.filter(([label]) => !own.includes(label)), ['Kinds', links.split('\n').sort().join()]]
      }
      const workbook = await save('Export as a workbook (xlsx)')
      const read = await fetch(`${url}/spreadsheets/read`, {
        method: 'POST',
        headers: { ...(await token(page)), 'Content-Type': 'application/octet-stream' },
        body: await readFile(workbook),
      })
      const [headings, cells] = (await read.json()).rows
      for (const [column, label, , { next }] of table) {
        const at = headings.findIndex((heading) => heading === label || heading === `${label} (Start)`)
        assert.ok(at >= 0 && cells[at] !== null, `${column} is exported: ${JSON.stringify(headings)}`)
        if (next[0].name) assert.equal(cells[at], next[0].name, `${column}: ${FILES}`)
      }
      assert.match(String(cells[headings.indexOf('Kinds')]), /Third kind/)

      const before = await facts(own)
      const dialog = await start(workbook)
      await dialog.getByText('The first rows of 1 row in the file').waitFor()
      await screenshot(page, 'import-columns')
      await assertAccessible(page, 'import, columns')
      for (const [column, label, , { again }] of table.filter(([, , , { again }]) => again)) {
        assert.equal(await dialog.getByLabel(`Column for ${label}`).count(), 0, `${column}: ${again}`)
      }
      await finish(dialog)
      await open(page, list({ ...one, sort: 'id', dir: 'desc', cols: 'id,display_name' }))
      const copies = await page
        .locator('main a[href^="/view/samples/"]')
        .evaluateAll((all) => all.map((a) => a.pathname))
      const copy = copies.find((path) => path !== own)
      assert.ok(copy, copies.join())
      assert.deepEqual(await facts(copy), before)

      // The other way: the record is changed behind the file's back, and the file brings it back.
      const csv = await save('Export as CSV')
      const [head, ...lines] = (await readFile(csv, 'utf8')).split('\r\n')
      const id = own.split('/').at(-1)
      const idAt = head
        .replace(/^\ufeff/, '')
        .split(',')
        .findIndex((name) => /^id$/i.test(name))
      assert.ok(idAt >= 0, head)
      const line = lines.find((text) => text.split(',')[idAt] === id)
      assert.ok(line, lines.join('\n'))
      await writeFile(csv, `${head}\r\n${line}\r\n`)
      const b = Object.fromEntries(table.map(([column, , , { b }]) => [column, b]))
      const files = Object.fromEntries(['picture', 'paper', 'attachment'].map((column) => [column, undefined]))
      const changed = await fetch(`${url}/api/samples?id=eq.${id}`, {
        method: 'PATCH',
        headers: { ...(await token(page)), 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...b, ...files }),
      })
      assert.ok(changed.ok, await changed.text())
      const unlinked = await fetch(`${url}/api/sample_links?sample_id=eq.${id}&kind_id=eq.3`, {
        method: 'DELETE',
        headers: await token(page),
      })
      assert.ok(unlinked.ok)
      assert.notDeepEqual(await facts(own), before)
      const update = await start(csv)
      await update.getByRole('radio', { name: /Change records that exist/ }).check()
      await finish(update)
      assert.deepEqual(await facts(own), before)
      assertQuiet(page)
      await page.context().close()
    })
  })
}
