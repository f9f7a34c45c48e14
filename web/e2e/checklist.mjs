// The reviewer's checklist of the design, as far as no other test walks it (docs/accessibility.md names them all; the
// numbers are the checklist's).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  accessToken,
  assertAccessible,
  assertNoSidewaysScroll,
  assertQuiet,
  DESKTOP,
  open,
  PHONE,
  screenshot,
  settled,
  signIn,
  townVisitor,
} from './browser.mjs'

const LIST = '/view/service_requests'

export function checklistTests(world) {
  describe('checklist', { concurrency: 1 }, () => {
    const arrive = townVisitor(world)
    const h1 = (page, name) => page.getByRole('heading', { level: 1, name, exact: true })
    const focused = (page) =>
      page.evaluate(() => ({
        tag: document.activeElement?.tagName,
        text: document.activeElement?.textContent?.trim() ?? '',
        x: document.activeElement?.getBoundingClientRect().x ?? 0,
        right: document.activeElement?.getBoundingClientRect().right ?? 0,
      }))

    test('1–8: skip link, focus after the menu, back to the same row, state in the address, the search for everything', async () => {
      const page = await arrive()
      await open(page, '/')
      await page.keyboard.press('Tab')
      assert.equal((await focused(page)).text, 'Skip to content')
      await page.keyboard.press('Enter')
      await page.waitForFunction(() => document.activeElement?.id === 'main-content')
      assert.equal(await page.locator('h1').count(), 1)
      const menu = page.getByRole('navigation', { name: 'Main' })
      assert.equal(await menu.getByRole('link', { name: 'Work orders' }).count(), 0)
      await menu.getByRole('link', { name: 'Service requests' }).click()
      await h1(page, 'Service requests').waitFor()
      await page.waitForFunction(() => document.activeElement?.tagName === 'H1')
      assert.match(await page.title(), /^Service requests – /)

      // Filter by the panel, sort by Enter, page two; then away and back.
      await open(
        page,
        `${LIST}?f0_col=category_id&f0_op=in&f0_val=(1)&f1_col=status_id&f1_op=in&f1_val=(1,2,3,4,5,6,7)`,
      )
      const table = page.getByRole('table')
      const sort = table.getByRole('button', { name: 'Reported' })
      await sort.focus()
      await sort.press('Enter')
      await page.waitForURL(/sort=created_at/)
      await page.waitForFunction(() => document.querySelector('th[aria-sort="ascending"]'))
      await settled(page)
      // 12: a chip is told by names and removes only itself.
      const chips = page.getByRole('button', { name: /^(Category|Status): .*remove/i })
      assert.equal(await chips.count(), 2)
      assert.ok(!(await chips.allInnerTexts()).some((text) => /\(\d/.test(text)), 'no bare numbers')
      await chips.nth(1).click()
      await page.waitForURL(
        (url) => url.searchParams.get('f0_col') === 'category_id' && !url.searchParams.has('f1_col'),
      )
      await settled(page)
      const address = page.url()
      const link = table.getByRole('row').nth(3).getByRole('link')
      const title = (await link.textContent()).trim()
      await link.click()
      await h1(page, title).waitFor()
      await page.goBack()
      await h1(page, 'Service requests').waitFor()
      await page.waitForFunction((text) => document.activeElement?.textContent?.trim() === text, title)
      assert.equal(page.url(), address)
      await page.reload()
      await settled(page)
      assert.equal(page.url(), address)
      await table.getByRole('link', { name: title }).first().waitFor()

      const opener = page.getByRole('button', { name: 'Find' })
      await opener.focus()
      await page.keyboard.press('Control+K')
      const box = page.getByRole('dialog').getByRole('combobox')
      await box.fill(title.slice(0, 12))
      await page
        .getByRole('dialog')
        .getByRole('option', { name: new RegExp(title.slice(0, 12)) })
        .first()
        .waitFor()
      await assertAccessible(page, 'search for everything')
      await page.keyboard.press('Escape')
      await page.waitForFunction(() => document.activeElement?.textContent?.trim() === 'Find')

      // 2: at 360 px Tab never leads off the screen.
      await page.setViewportSize({ width: 360, height: 720 })
      await open(page, LIST)
      for (let at = 0; at < 30; at += 1) {
        await page.keyboard.press('Tab')
        const { x, right, text, tag } = await focused(page)
        if (tag !== 'BODY') assert.ok(right > 0 && x < 360, `${tag} ${text} at ${x}`)
      }
      assertQuiet(page)
      await page.context().close()
    })

    test('13–19: nothing found, nothing there, no answer, late answers, a page too far, years, the last day', async () => {
      const page = await arrive()
      await open(page, `${LIST}?q=nosuchwordanywhere`)
      await page.getByText('No records match this search or these filters.').waitFor()
      await open(page, `${LIST}?page=9999`)
      await page.getByText('That page does not exist any more. This is the last page.').first().waitFor()
      await page.waitForURL(/page=20\d/)
      // The end of the day belongs to the day: what was reported on it in the evening is found.
      const demo = await world.demo('town')
      const [late] = await demo.rows('service_requests?select=id,display_name,created_at&order=created_at.desc&limit=1')
      const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/Chicago' }).format(new Date(late.created_at))
      await open(page, `${LIST}?f0_col=created_at&f0_op=gte&f0_val=${day}&f1_col=created_at&f1_op=lte&f1_val=${day}`)
      await page.getByRole('table').getByRole('link', { name: late.display_name }).first().waitFor()

      let how = 'broken'
      await page.route('**/api/service_requests?**', async (route) => {
        if (how === 'broken')
          return route.fulfill({ status: 503, contentType: 'application/json', body: '{"message":"gone"}' })
        if (how === 'late') await new Promise((resolve) => setTimeout(resolve, 1200))
        return route.fallback()
      })
      await open(page, LIST)
      await page.getByText('The records could not be loaded').waitFor()
      assert.equal(await page.getByRole('table').count(), 0)
      assert.equal(await page.getByText('No records').count(), 0, 'an error is no empty list')
      await screenshot(page, 'list-error')
      how = 'late'
      await page.getByRole('button', { name: 'Try again' }).click()
      await page.locator('[aria-busy="true"]').first().waitFor()
      await page.getByRole('table').waitFor()
      // Another page comes late: the old one stays until then, and the wait is shown.
      await page.goto(`${LIST}?sort=category_id`)
      await h1(page, 'Service requests').waitFor()
      await page.locator('[aria-busy="true"]').first().waitFor()
      await page.getByRole('table').waitFor()
      await page.context().close()
    })

    test('15, 22, 23, 28, 39: the bar over a list, the title of a form with problems, a draft, one record per save', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      await open(page, LIST)
      const boxes = page.getByRole('table').getByRole('checkbox', { name: /^Select / })
      await boxes.nth(1).check()
      await boxes.nth(2).check()
      await page.getByText('2 selected').waitFor()
      await page.keyboard.press('End')
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight))
      const hidden = await page.evaluate(() => {
        const bar = [...document.querySelectorAll('main *')].find(
          (element) => getComputedStyle(element).position === 'sticky' && element.textContent?.includes('selected'),
        )
        const last = document.querySelector('main tbody tr:last-child')?.getBoundingClientRect()
        const pages = document.querySelector('main nav:last-of-type')?.getBoundingClientRect()
        const top = bar?.getBoundingClientRect()
        return {
          bar: top && [top.top, top.bottom],
          last: last && [last.top, last.bottom],
          pages: pages && [pages.top, pages.bottom],
        }
      })
      assert.ok(hidden.bar && hidden.last && hidden.last[1] <= hidden.bar[0] + 1, JSON.stringify(hidden))
      await screenshot(page, 'bulk-bar-end')

      await open(page, '/create/tags')
      await page.getByRole('textbox', { name: 'Tag' }).fill('a draft of a tag')
      await page.getByText('Kept on this device').waitFor()
      page.on('dialog', (dialog) => dialog.accept())
      await page.reload()
      await page.getByText(/You typed something here on/).waitFor()
      await page.getByRole('button', { name: 'Restore it' }).click()
      assert.equal(await page.getByRole('textbox', { name: 'Tag' }).inputValue(), 'a draft of a tag')
      let posts = 0
      page.on('request', (request) => {
        if (request.method() === 'POST' && request.url().endsWith('/api/tags')) posts += 1
      })
      await page.getByRole('button', { name: 'Save', exact: true }).dblclick()
      await h1(page, 'a draft of a tag').waitFor()
      assert.equal(posts, 1)

      await open(page, '/create/service_requests')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByRole('alert').first().waitFor()
      assert.match(await page.title(), /^Error: /)
      const line = page.getByRole('alert').first().getByRole('link').first()
      await line.click()
      await page.waitForFunction(() => document.activeElement?.id.startsWith('field-'))
      await page.context().close()
    })

    test('choices follow a person to the next device: theme, density, home page', async () => {
      const demo = await world.demo('town')
      const page = await arrive()
      await signIn(page, 'admin')
      const api = async (method, path, body) => {
        const headers = {
          Authorization: `Bearer ${await accessToken(page)}`,
          'Content-Type': 'application/json',
          'Content-Profile': 'metadata',
          Prefer: 'return=representation',
        }
        const answer = await fetch(`${demo.url}/api/${path}`, { method, headers, body })
        assert.ok(answer.ok, `${path}: ${answer.status}`)
        return answer.json()
      }
      const [second] = await api('POST', 'dashboards', JSON.stringify({ display_name: 'Second home', is_public: true }))
      const widget = { dashboard_id: second.id, widget_type: 'dashboard_navigation', sort_order: 1, config: {} }
      await api('POST', 'dashboard_widgets', JSON.stringify(widget))
      const saved = (table) =>
        page.waitForResponse(
          (response) => response.url().includes(`/api/${table}`) && response.request().method() === 'POST',
        )
      await open(page, '/profile')
      await Promise.all([saved('user_settings'), page.getByLabel('Theme').selectOption({ label: 'Dark' })])
      await screenshot(page, 'profile-display')
      await open(page, LIST)
      await page.getByRole('button', { name: 'Columns' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('checkbox', { name: /rows/i }).check()
      await Promise.all([saved('user_settings'), dialog.getByRole('button', { name: 'Show these columns' }).click()])
      await open(page, `/dashboard/${second.id}`)
      await page.getByRole('button', { name: /^Dashboard: / }).click()
      await Promise.all([
        saved('user_dashboard_preferences'),
        page.getByRole('menuitem', { name: 'Use this as my home page' }).click(),
      ])
      await page.getByText('Your home page was changed.').first().waitFor()

      const other = await arrive()
      await signIn(other, 'admin')
      await h1(other, 'Second home').waitFor()
      await other.waitForFunction(() => document.documentElement.dataset.theme === 'dark')
      await open(other, LIST)
      await other.locator('table.co-compact').waitFor()
      // Back to what everybody has, for the tests that follow.
      await open(other, `/dashboard/${second.id}`)
      await other.getByRole('button', { name: /^Dashboard: / }).click()
      await other.getByRole('menuitem', { name: 'Use the standard home page again' }).click()
      await other.getByText('Your home page was changed.').first().waitFor()
      await open(other, '/profile')
      await other.getByLabel('Theme').selectOption({ label: 'As the device' })
      await other.context().close()
      await api('DELETE', `dashboards?id=eq.${second.id}`)
      await page.context().close()
    })

    test('37: reduced motion: nothing slides, the map does not fly; without the wish it does', async () => {
      const looked = async (reducedMotion) => {
        const page = await arrive({ reducedMotion, viewport: { width: 1500, height: 900 } })
        await open(page, LIST)
        const group = page.locator('.co-list-map .co-pin-group').first()
        await group.waitFor()
        await page.evaluate(() => {
          window.moved = false
          new MutationObserver(() => {
            if (document.querySelector('.leaflet-zoom-anim, .leaflet-pan-anim')) window.moved = true
          }).observe(document.querySelector('.co-list-map'), {
            subtree: true,
            attributes: true,
            attributeFilter: ['class'],
          })
          document.querySelector('.co-list-map .co-pin-group').id = 'followed'
        })
        await group.click()
        // The group is gone once the map has arrived: its records are drawn anew.
        await page.locator('#followed').waitFor({ state: 'detached' })
        const seconds = await page.evaluate(() =>
          Math.max(
            ...[...document.querySelectorAll('*')].flatMap((element) => {
              const { transitionDuration, animationDuration } = getComputedStyle(element)
              return `${transitionDuration}, ${animationDuration}`.split(', ').map(Number.parseFloat)
            }),
          ),
        )
        const flew = await page.evaluate(() => window.moved)
        assertQuiet(page)
        await page.context().close()
        return { flew, slides: seconds > 0.001 }
      }
      assert.deepEqual(await looked('reduce'), { flew: false, slides: false })
      assert.deepEqual(await looked('no-preference'), { flew: true, slides: true })
    })

    test('an organisation in UTC says so, and its time stands beside the person’s', async () => {
      const page = await arrive()
      const demo = await world.demo('town')
      const [first] = await demo.rows('service_requests?select=id&order=id&limit=1')
      const path = `${LIST}/${first.id}`
      await open(page, path)
      const times = () => page.locator('main time').allInnerTexts()
      assert.ok(
        (await times()).every((text) => !text.includes('UTC')),
        (await times()).join(' | '),
      )
      await page.context().route('**/assets/config.js', async (route) => {
        const response = await route.fetch()
        const body = (await response.text()).replace('"timeZone":""', '"timeZone":"UTC"')
        assert.ok(body.includes('"UTC"'))
        return route.fulfill({ response, body })
      })
      await open(page, path)
      assert.ok(
        (await times()).some((text) => /C[DS]T.*UTC/s.test(text)),
        (await times()).join(' | '),
      )
      assertQuiet(page)
      await page.context().close()
    })

    test('32, 34–38: forced colours, longer texts, right to left, print', async () => {
      const page = await arrive({ forcedColors: 'active' })
      await signIn(page, 'staff')
      await open(page, '/edit/service_requests/4800')
      await screenshot(page, 'forced-colours')
      const borders = await page.evaluate(() =>
        [...document.querySelectorAll('main input:not([type=checkbox], [type=file]), main select, main textarea')].map(
          (field) => {
            const style = getComputedStyle(field)
            return { id: field.id, border: `${style.borderTopStyle} ${style.borderTopWidth}` }
          },
        ),
      )
      assert.ok(borders.length > 5)
      for (const { id, border } of borders) assert.match(border, /^solid [1-9]/, `${id}: ${border}`)

      await page.emulateMedia({ forcedColors: 'none' })
      const lengthen = () =>
        page.evaluate(() => {
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const text = node.textContent?.trim() ?? ''
            // Words by 40 % longer, as translations are; not what people wrote.
            if (text.length > 1 && !node.parentElement?.closest('script, style, td, dd, option')) {
              node.textContent = `${text} ${'ñőá '.repeat(Math.ceil((text.length * 0.4) / 4)).trim()}`
            }
          }
        })
      const cut = () =>
        page.evaluate(() =>
          [...document.querySelectorAll('main button, main label, main h1, main h2, main dt, header button, nav a')]
            .filter((element) => !element.classList.contains('co-hidden'))
            .filter((element) => element.clientWidth > 0 && getComputedStyle(element).overflowX !== 'visible')
            .filter((element) => element.scrollWidth > element.clientWidth + 1)
            .map((element) => `${element.tagName} ${element.textContent}`),
        )
      for (const viewport of [DESKTOP, PHONE]) {
        await page.setViewportSize(viewport)
        for (const [name, path] of [
          ['list', LIST],
          ['detail', '/view/service_requests/4800'],
          ['edit', '/edit/service_requests/4800'],
        ]) {
          await open(page, path)
          await page.evaluate(() => document.documentElement.setAttribute('dir', 'rtl'))
          await screenshot(page, `rtl-${name}-${viewport.width}`)
          await assertNoSidewaysScroll(page, `${name} from right to left, ${viewport.width} px`)
          const start = await page
            .locator('main h1')
            .first()
            .evaluate((heading) => {
              const text = document.createRange()
              text.selectNodeContents(heading)
              return Math.abs(heading.getBoundingClientRect().right - text.getBoundingClientRect().right) < 3
            })
          assert.ok(start, `${name}: the heading starts at the right`)
          await page.evaluate(() => document.documentElement.setAttribute('dir', 'ltr'))
          await lengthen()
          await screenshot(page, `longer-${name}-${viewport.width}`)
          await assertNoSidewaysScroll(page, `${name} with longer texts, ${viewport.width} px`)
          assert.deepEqual(await cut(), [], `${name}: cut at ${viewport.width} px`)
        }
      }
      await page.setViewportSize(DESKTOP)
      await open(page, '/view/service_requests/4800')
      await page.emulateMedia({ media: 'print' })
      await screenshot(page, 'print-detail')
      for (const part of ['header.co-header', '.co-sidebar', '.co-page-actions']) {
        assert.equal(await page.locator(part).first().isVisible(), false, part)
      }
      const columns = await page
        .locator('.co-fields')
        .first()
        .evaluate((list) => getComputedStyle(list).gridTemplateColumns)
      assert.equal(columns.split(' ').length, 1, columns)
      await page.context().close()
    })
  })
}
