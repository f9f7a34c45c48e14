// What administrators do: rules, messages, statuses, roles, jobs, dashboards.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import {
  assertAccessible,
  assertAccessibleInAllLooks,
  assertCards,
  assertQuiet,
  open,
  PHONE,
  screenshot,
  settled,
  signIn,
  visitor,
} from './browser.mjs'

const PAGES = [
  '/entity-management',
  '/property-management',
  '/permissions',
  '/admin/validations',
  '/admin/constraint-messages',
  '/admin/roles',
  '/admin/statuses',
  '/admin/dashboards',
  '/admin/dashboards/1',
  '/admin/users',
  '/admin/files',
  '/admin/jobs',
  '/admin/payments',
  '/notifications/templates',
  '/admin/health',
  '/profile',
]

export function administrationTests(world) {
  describe('administration', { concurrency: 1 }, () => {
    const arrive = async (options) => visitor(await world.browser(), (await world.demo('town')).url, options)
    const save = (page) => page.getByRole('button', { name: 'Save', exact: true }).click()

    test('every page of the administration is accessible: light, dark, high contrast, 1280 and 320 px', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      for (const path of PAGES) {
        await open(page, path)
        await assertAccessibleInAllLooks(page, `admin-${path.slice(1).replaceAll('/', '-')}`)
      }
      assertQuiet(page)
      await page.context().close()
    })

    test('the administration is refused to everybody else', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      for (const path of ['/admin/validations', '/admin/jobs', '/admin/health', '/admin/dashboards', '/admin/users']) {
        await open(page, path)
        await page.getByRole('heading', { level: 1, name: /^You need permission/ }).waitFor()
      }
      await page.context().close()
    })

    test('rights are found, compared, walked with the arrows, and a dangerous one is marked', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      await open(page, '/permissions')
      await page.getByLabel('Role', { exact: true }).selectOption({ label: 'anonymous' })
      await page.getByLabel('Compare with').selectOption({ label: 'admin' })
      await page.getByLabel('Find a record type').fill('tags')
      const row = page.getByRole('row', { name: /^Tags/ })
      await row.getByText('admin: Yes').first().waitFor()
      await screenshot(page, 'permissions-compared')
      const box = (right) => row.getByRole('checkbox', { name: new RegExp(`^${right}`) })
      await box('Add').focus()
      await page.keyboard.press('ArrowRight')
      assert.ok(await box('See').evaluate((element) => element === document.activeElement))
      await box('Add').click()
      await row.getByText('Everybody may write, without signing in.').waitFor()
      await assertAccessible(page, 'permissions with a warning')
      await assertCards(page, 'permissions')
      await box('Add').click()
      await row.getByText('Everybody may write, without signing in.').waitFor({ state: 'detached' })
      await page.getByLabel('Find a record type').fill('nothing of this name')
      await page.getByText('No record type matches.').waitFor()
      assertQuiet(page)
      await page.context().close()
    })

    test('a rule is added with its words, obeyed by the form, and deleted', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      await open(page, '/admin/validations?entity=tags')
      await page.getByRole('button', { name: 'Add a rule for Tag' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Rule').selectOption({ label: 'Shortest text (characters)' })
      await dialog.getByLabel('Value').fill('3')
      await dialog.getByLabel('Message').fill('Tags have three letters at least.')
      await dialog.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Tags have three letters at least.').waitFor()

      await open(page, '/create/tags')
      await page.getByRole('textbox', { name: 'Tag' }).fill('ab')
      await save(page)
      await page.getByText('Tags have three letters at least.').first().waitFor()

      await open(page, '/admin/validations?entity=tags')
      await page.getByRole('button', { name: /^Change the rule Shortest text/ }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete rule' }).click()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await page.getByText('Tags have three letters at least.').waitFor({ state: 'detached' })
      assertQuiet(page)
      await page.context().close()
    })

    test('a constraint gets words, and people read them', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      await open(page, '/admin/constraint-messages?entity=tags')
      const field = page.getByLabel('Message for tags display name key')
      await field.fill('This tag is there already, look again.')
      await field.blur()
      await page.getByText('Saved').first().waitFor()
      await open(page, '/view/tags')
      const name = await page.getByRole('table').getByRole('row').nth(1).getByRole('link').textContent()
      await open(page, '/create/tags')
      await page.getByRole('textbox', { name: 'Tag' }).fill(name.trim())
      await save(page)
      await page.getByText('This tag is there already, look again.').first().waitFor()
      await page.context().close()
    })

    test('a status is added and deleted', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      await open(page, '/admin/statuses?type=work_order')
      await page.getByRole('button', { name: 'Add a status' }).click()
      await page.getByRole('dialog').getByLabel('Name').fill('Waiting for parts')
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
      await page.getByRole('button', { name: 'Delete Waiting for parts' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('button', { name: 'Delete Waiting for parts' }).waitFor({ state: 'detached' })
      assertQuiet(page)
      await page.context().close()
    })

    test('several failed jobs are retried together, and what could not be is counted', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      const job = (id, state) => ({ id, kind: 'send_mail', state, queue: 'default', attempt: 25, max_attempts: 25 })
      const times = { scheduled_at: '2026-03-04T16:00:00Z', attempted_at: null, finalized_at: null }
      const jobs = [job(3, 'discarded'), job(2, 'completed'), job(1, 'discarded')].map((row) => ({
        ...row,
        ...times,
        args: {},
        errors: [{ at: '2026-03-04T16:00:00Z', error: 'SMTP 550' }],
      }))
      await page.route('**/api/river_job?*', (route) =>
        route.fulfill({ json: jobs, headers: { 'Content-Range': '0-2/3' } }),
      )
      const asked = []
      await page.route('**/rpc/retry_job', (route) => {
        const { p_id } = route.request().postDataJSON()
        asked.push(p_id)
        return route.fulfill({ json: p_id === 3 })
      })
      await open(page, '/admin/jobs')
      assert.equal(await page.getByRole('checkbox', { name: 'Select job 2' }).count(), 0)
      await assertCards(page, 'jobs')
      await page.getByRole('checkbox', { name: 'Select all jobs of this page' }).check()
      await page.getByRole('button', { name: 'Retry 2 selected' }).click()
      await page.getByText('1 of 2 jobs run again.').first().waitFor()
      assert.deepEqual(asked.sort(), [1, 3])
      assertQuiet(page)
      await page.context().close()
    })

    test('people and processes are cards on phones, with what may be done to them in sight', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      await open(page, '/admin/health')
      await assertCards(page, 'processes')
      await open(page, '/admin/users')
      await assertCards(page, 'people')
      await page.setViewportSize(PHONE)
      const edit = await page.getByRole('button', { name: 'Change Robin Resident' }).boundingBox()
      assert.ok(edit.x >= 0 && edit.x + edit.width <= PHONE.width, `the button is at ${edit.x} px`)
      await page.getByRole('button', { name: 'Change Robin Resident' }).click()
      await page.getByRole('dialog').getByLabel('E-mail').waitFor()
      assertQuiet(page)
      await page.context().close()
    })

    test('the schema is searched, shows rights to administrators, and is saved as a drawing', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      await open(page, '/schema-editor?view=diagram')
      await page.getByLabel('Find a table').fill('neighbour')
      await page.getByText('1 table', { exact: true }).waitFor()
      await page.getByLabel('Find a table').press('Enter')
      await page.waitForURL(/table=neighbourhoods/)
      const rights = page.getByRole('complementary').getByRole('table')
      await rights.getByRole('row', { name: /^admin Yes Yes Yes Yes/ }).waitFor()
      await rights.getByRole('row', { name: /^anonymous Yes No No No/ }).waitFor()
      await screenshot(page, 'schema-inspector')
      await assertAccessible(page, 'schema with a chosen table')
      const saved = async (name) => {
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('button', { name }).click(),
        ])
        return readFile(await download.path())
      }
      const svg = (await saved('Save as SVG')).toString()
      assert.match(svg, /^<svg[^>]*viewBox/)
      assert.match(svg, />→ neighbourhood_id</, 'the boxes have their columns')
      assert.equal((await saved('Save as PNG')).subarray(1, 4).toString(), 'PNG')
      assertQuiet(page)
      await page.context().close()

      const reader = await arrive()
      await open(reader, '/schema-editor?view=diagram&table=neighbourhoods')
      await reader.getByRole('complementary').getByText('Belongs to').waitFor()
      assert.equal(await reader.getByRole('complementary').getByText('Permissions').count(), 0)
      await reader.context().close()
    })

    test('a dashboard is made from widgets with a preview, saved and opened', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      await open(page, '/admin/dashboards')
      await page.getByRole('button', { name: 'Add dashboard' }).click()
      await page.waitForURL(/\/admin\/dashboards\/\d+$/)
      await page.getByLabel('Name', { exact: true }).fill('Street team')
      const dialog = page.getByRole('dialog')
      const add = async (kind, title, entity) => {
        await page.getByRole('button', { name: 'Add widget' }).click()
        await dialog.getByLabel('Kind of widget').selectOption({ label: kind })
        await dialog.getByLabel('Heading').fill(title)
        if (entity) await dialog.getByLabel('Record type').selectOption({ label: entity })
      }
      const apply = () => dialog.getByRole('button', { name: 'Apply' }).click()
      await add('Number', 'All of them', 'Service requests')
      await dialog.getByText(/^5,?00\d$/).waitFor()
      await apply()
      await add('Chart', 'By status', 'Service requests')
      await dialog.getByLabel('Looks like').selectOption({ label: 'Pie' })
      await dialog.getByLabel('Grouped by').selectOption({ label: 'Status' })
      await dialog.getByRole('img').waitFor()
      await screenshot(page, 'widget-dialog')
      await assertAccessible(page, 'dialog of a widget')
      await apply()
      await add('Chart', 'By month', 'Service requests')
      await dialog.getByLabel('Looks like').selectOption({ label: 'Line' })
      await dialog.getByLabel('Grouped by').selectOption({ label: 'Reported' })
      await dialog.getByRole('img').waitFor()
      await apply()
      await add('Chart', 'By category', 'Service requests')
      await dialog.getByLabel('Grouped by').selectOption({ label: 'Category' })
      await dialog.getByText('Street lighting').waitFor()
      await apply()
      await add('Buttons', 'Tasks')
      await dialog.getByRole('button', { name: 'Add a link' }).click()
      await dialog.getByLabel('Words').fill('Report a problem')
      await dialog.getByLabel(/^Address in this site/).fill('/create/service_requests')
      await apply()
      await save(page)
      await page.getByText('The dashboard was saved.').first().waitFor()
      const id = new URL(page.url()).pathname.split('/').at(-1)
      await page.context().close()

      const visitorPage = await arrive()
      await open(visitorPage, `/dashboard/${id}`)
      await visitorPage.getByRole('heading', { level: 1, name: 'Street team' }).waitFor()
      await visitorPage.getByText('Street lighting').first().waitFor()
      await settled(visitorPage)
      await screenshot(visitorPage, 'dashboard-charts')
      await assertAccessible(visitorPage, 'dashboard with charts')
      await visitorPage.getByRole('button', { name: 'Show as table' }).first().click()
      await visitorPage.getByRole('table').getByText('New', { exact: true }).waitFor()
      assert.equal(await visitorPage.getByRole('link', { name: 'Report a problem' }).count(), 1)
      assertQuiet(visitorPage)
      await visitorPage.context().close()
    })
  })
}
