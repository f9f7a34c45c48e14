// What people are told: the bell counts by itself, the inbox is read, the demo's mail lies in the outbox; and the editor of templates.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { accessToken, assertAccessible, assertQuiet, open, screenshot, signIn, townVisitor } from './browser.mjs'

const TITLE = 'Lantern at the old mill is dark'

export function notificationTests(world) {
  describe('notifications', { concurrency: 1 }, () => {
    const arrive = townVisitor(world)
    const unread = async (page) => {
      const label = await page.getByRole('link', { name: /^Notifications, / }).getAttribute('aria-label')
      return Number(label.match(/\d+/)?.[0] ?? 0)
    }

    test('a change of status reaches the bell without a reload, the inbox and the outbox', async () => {
      const { url } = await world.demo('town')
      const resident = await arrive({ live: true })
      await signIn(resident, 'resident')
      const before = await unread(resident)
      const token = await accessToken(resident)
      const answer = await fetch(`${url}/api/service_requests`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${token}`,
          'Content-Type': 'application/json',
          Prefer: 'return=representation',
        },
        body: JSON.stringify({ display_name: TITLE, category_id: 1, neighbourhood_id: 1, address: '1 Mill Lane' }),
      })
      assert.equal(answer.status, 201, await answer.clone().text())
      const [{ id }] = await answer.json()
      // A mark that a reload would wipe out.
      await resident.evaluate(() => {
        window.neverReloaded = true
      })

      const staff = await arrive()
      await signIn(staff, 'staff')
      await open(staff, `/edit/service_requests/${id}`)
      await staff.getByLabel('Status').selectOption({ label: 'In progress' })
      await staff.getByRole('button', { name: 'Save', exact: true }).click()
      await staff.waitForURL(new RegExp(`/view/service_requests/${id}$`))
      await staff.context().close()

      const bell = resident.getByRole('link', { name: `Notifications, ${before + 1} unread` })
      await bell.waitFor()
      assert.equal(await resident.evaluate(() => window.neverReloaded), true, 'without a reload')
      await screenshot(resident, 'bell-unread')
      await bell.click()
      await resident.getByRole('heading', { level: 1, name: 'Notifications' }).waitFor()
      const row = resident.getByRole('listitem').filter({ hasText: TITLE }).first()
      await row.getByRole('heading', { name: `${TITLE}: In progress (unread)` }).waitFor()
      await screenshot(resident, 'inbox-unread')
      // Opening the record reads it; the bell follows.
      await row.getByRole('link', { name: 'Open the record' }).click()
      await resident.waitForURL(new RegExp(`/view/service_requests/${id}$`))
      await resident
        .getByRole('link', { name: before === 0 ? 'Notifications, none unread' : `Notifications, ${before} unread` })
        .waitFor()
      await resident.getByRole('link', { name: /^Notifications, / }).click()
      await row.getByRole('heading', { name: `${TITLE}: In progress`, exact: true }).waitFor()
      if (before > 0) await resident.getByRole('button', { name: 'Mark all as read' }).click()
      await resident.getByRole('link', { name: 'Notifications, none unread' }).waitFor()
      assert.equal(await resident.evaluate(() => window.neverReloaded), true, 'still the same page')
      await screenshot(resident, 'inbox-read')
      assertQuiet(resident)
      await resident.context().close()

      // The mail of it.
      const page = await arrive()
      await page.goto('/outbox/')
      await page.getByRole('heading', { name: 'Outbox' }).waitFor()
      await screenshot(page, 'outbox')
      await assertAccessible(page, 'the outbox')
      await page
        .getByRole('link', { name: `${TITLE}: In progress` })
        .first()
        .click()
      await page.getByRole('heading', { level: 1, name: `${TITLE}: In progress` }).waitFor()
      const html = page.frameLocator('iframe')
      await html.getByText('Hello Robin').waitFor()
      assert.equal(
        await html.getByRole('link', { name: 'See the request' }).getAttribute('href'),
        `${url}/view/service_requests/${id}`,
      )
      const text = page.getByRole('heading', { name: 'Text' }).locator('xpath=following-sibling::pre[1]')
      assert.match(await text.textContent(), new RegExp(`your request "${TITLE}" is now: In progress`))
      await page.getByRole('link', { name: `${url}/view/service_requests/${id}`, exact: true }).waitFor()
      await page.getByText('Headers', { exact: true }).click()
      const headers = await page.locator('details pre').textContent()
      for (const header of [
        /^To: .*<resident@example\.org>$/m,
        /^Subject: Lantern/m,
        /^Message-ID: <n\d+\./m,
        /^List-Unsubscribe-Post: List-Unsubscribe=One-Click$/m,
      ]) {
        assert.match(headers, header)
      }
      await screenshot(page, 'outbox-message')
      await assertAccessible(page, 'a message of the outbox')
      await page.context().close()
    })

    test('the editor of templates loads a sample record, shows the preview and names what cannot be escaped', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      await open(page, '/notifications/templates')
      await page.getByRole('button', { name: 'Edit request_status_changed' }).click()
      await page.getByRole('heading', { level: 1, name: 'Template: request_status_changed' }).waitFor()
      const sample = page.getByLabel('Sample record (JSON)')
      await page.getByRole('button', { name: 'Load the newest record' }).click()
      await page.waitForFunction(() =>
        document.querySelector('textarea[id$="-sample"]')?.value.includes('display_name'),
      )
      const record = JSON.parse(await sample.inputValue())
      await page.locator('pre').filter({ hasText: record.display_name }).waitFor()
      // The saved template, with this sample, as mail to whoever edits it.
      record.display_name = 'A sample of mine'
      await sample.fill(JSON.stringify(record))
      await page.getByRole('button', { name: 'Test to me' }).click()
      await page.getByText('The test was sent to admin@example.org.').first().waitFor()
      await screenshot(page, 'template-tested')
      const outbox = await page.context().newPage()
      await outbox.goto('/outbox/')
      await outbox
        .getByRole('link', { name: /^A sample of mine/ })
        .first()
        .click()
      await outbox.getByText('Headers', { exact: true }).click()
      assert.match(await outbox.locator('details pre').textContent(), /^To: .*<admin@example\.org>$/m)
      await outbox.close()
      await page.getByRole('tab', { name: /^HTML/ }).click()
      const code = page.getByRole('textbox', { name: 'HTML' })
      await code.fill('<a href="{{if .Entity.id}}">{{end}}x</a>')
      await page.getByRole('status').filter({ hasText: 'different contexts' }).waitFor()
      await screenshot(page, 'template-not-valid')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByRole('alert').getByText('These parts keep it from being saved: HTML').waitFor()
      await page.getByRole('button', { name: 'Test to me' }).click()
      await page.getByRole('alert').getByText('Save your changes first.').waitFor()
      // The preview has the mail's own styles, and runs nothing of it.
      await code.fill(
        '<style>p { color: rgb(1, 2, 3) }</style><p style="margin-left: 17px">{{.Entity.display_name}}</p>' +
          '<img src="x" onerror="parent.ran = true"><script>parent.ran = true</script>',
      )
      const paragraph = page.frameLocator('iframe').getByText(record.display_name)
      await paragraph.waitFor()
      const style = await paragraph.evaluate((element) => {
        const { color, marginLeft } = getComputedStyle(element)
        return { color, marginLeft }
      })
      assert.deepEqual(style, { color: 'rgb(1, 2, 3)', marginLeft: '17px' })
      assert.equal(await page.evaluate(() => window.ran), undefined)
      await screenshot(page, 'template-preview')
      await assertAccessible(page, 'editor of templates')
      // That the scripts are refused is what the browser says; nothing else.
      const refused =
        /script|inline event handler|net::|violates the following Content Security Policy directive: "(img|script)/i
      assert.deepEqual(
        page.problems.filter((problem) => !refused.test(problem)),
        [],
      )
      await page.context().close()
    })
  })
}
