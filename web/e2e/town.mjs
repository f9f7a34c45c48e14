// The walk: a resident reports, is refused what is not theirs; staff move it on; anonymous people look.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { accessToken, assertQuiet, open, screenshot, settled, signIn, visitor } from './browser.mjs'

const TITLE = 'Pothole in front of the bakery'

export function townTests(world) {
  describe('town', { concurrency: 1 }, () => {
    const arrive = async (options) => visitor(await world.browser(), (await world.demo('town')).url, options)
    let own

    test('anonymous people read requests and are asked to sign in for more', async () => {
      const page = await arrive()
      await open(page, '/')
      await screenshot(page, 'town-home-anonymous')
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Service requests' }).click()
      await page.getByRole('heading', { level: 1, name: 'Service requests' }).waitFor()
      await settled(page)
      const table = page.getByRole('table')
      assert.equal(await table.getByRole('row').count(), 26, '25 rows and the head')
      await page.getByText('1–25 of 5,000').first().waitFor()
      assert.equal(await page.getByRole('link', { name: 'Add Service request' }).count(), 0, 'no button to add')
      assert.equal(await page.getByRole('link', { name: 'Work orders' }).count(), 0, 'not in the menu')
      await screenshot(page, 'town-list-anonymous')

      await table.getByRole('row').nth(1).getByRole('link').click()
      await settled(page)
      assert.equal(await page.getByRole('link', { name: 'Edit' }).count(), 0)
      assert.equal(await page.getByText('@').count(), 0, 'no e-mail address anywhere')
      const tags = page.getByRole('region', { name: 'Tags' })
      await tags.getByText('To change these links, sign in with a role that may do so.').waitFor()
      assert.equal(await tags.getByRole('button').count(), 0)
      await screenshot(page, 'town-detail-anonymous')

      await open(page, '/create/service_requests')
      await page.getByRole('heading', { name: 'Sign in to continue' }).waitFor()
      assertQuiet(page)
      await page.context().close()
    })

    test('an unknown address and an unknown record say so', async () => {
      const page = await arrive()
      await open(page, '/no/such/place')
      await page.getByRole('heading', { level: 1, name: 'Page not found' }).waitFor()
      await screenshot(page, 'not-found')
      await open(page, '/view/no_such_table')
      await page.getByRole('heading', { level: 1, name: 'Page not found' }).waitFor()
      await open(page, '/view/service_requests/99999999')
      await page.getByRole('heading', { level: 1, name: 'Record not found' }).waitFor()
      await page.context().close()
    })

    test('a resident signs in, reports a problem and finds it on its page and in the list', async () => {
      const page = await arrive()
      await signIn(page, 'resident')
      await open(page, '/view/service_requests')
      await page.getByRole('link', { name: 'Add Service request' }).click()
      await settled(page)

      // Nothing filled in: every missing answer is named, in the words of the metadata.
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      const summary = page.getByRole('alert').first()
      await summary.getByText('Please give your request a title.').waitFor()
      await summary.getByText('Please choose a category.').waitFor()
      await screenshot(page, 'town-form-problems')

      await page.getByLabel('Title').fill('Hm')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByText('The title needs at least 5 characters.').first().waitFor()

      await page.getByLabel('Title').fill(TITLE)
      await page.getByLabel('Category').selectOption({ label: 'Potholes and road surface' })
      await page.getByLabel('Neighbourhood').selectOption({ label: 'Old Town' })
      await page.getByLabel('Address').fill('3 Bakers Row')
      await page.getByLabel('Description').fill('Deep enough for a loaf of bread.')
      await screenshot(page, 'town-form-filled')
      await page.getByRole('button', { name: 'Save', exact: true }).click()

      await page.waitForURL(/\/view\/service_requests\/\d+/)
      await settled(page)
      own = new URL(page.url()).pathname
      await page.getByRole('heading', { level: 1, name: TITLE }).waitFor()
      await page.getByText('Deep enough for a loaf of bread.').waitFor()
      await page.getByText('New', { exact: true }).first().waitFor()
      // What stands in for the button to edit tags; its words are the entity's own.
      const tags = page.getByRole('region', { name: 'Tags' })
      await tags.getByText(/takes the rights to add and delete “Request tags”/).waitFor()
      assert.equal(await tags.getByRole('button').count(), 0)
      await screenshot(page, 'town-detail-own')

      await open(page, '/view/service_requests')
      const first = page.getByRole('table').getByRole('row').nth(1)
      await first.getByRole('link', { name: TITLE }).waitFor()
      await page.getByText('1–25 of 5,001').first().waitFor()
      assertQuiet(page)
      await page.context().close()
    })

    test('the resident corrects the own request and is refused another one', async () => {
      const demo = await world.demo('town')
      const page = await arrive()
      await signIn(page, 'resident')
      await open(page, own)
      await page.getByRole('link', { name: 'Edit' }).click()
      await settled(page)
      await page.getByLabel('Description').fill('Deep enough for two loaves of bread.')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByText('Deep enough for two loaves of bread.').waitFor()

      // Of somebody else, by the address of the form: nothing is saved and the page says so.
      const [foreign] = await demo.rows('service_requests?select=id,description&order=id.desc&id=lte.5000&limit=1')
      await open(page, `/edit/service_requests/${foreign.id}`)
      const description = page.getByLabel('Description')
      if (await description.count()) {
        await description.fill('Overwritten by somebody else')
        await page.getByRole('button', { name: 'Save', exact: true }).click()
        await page
          .getByRole('alert')
          .first()
          .getByText(/you may not change it|not change it/)
          .waitFor()
        await screenshot(page, 'town-edit-refused')
      } else {
        await page
          .getByText(/permission/)
          .first()
          .waitFor()
      }
      // And past the form, with the resident's own token.
      const token = await accessToken(page)
      const answer = await fetch(`${demo.url}/api/service_requests?id=eq.${foreign.id}`, {
        method: 'PATCH',
        headers: {
          Authorization: `Bearer ${token}`,
          'Content-Type': 'application/json',
          Prefer: 'return=representation',
        },
        body: JSON.stringify({ description: 'Overwritten by somebody else' }),
      })
      assert.deepEqual([answer.status, await answer.json()], [200, []])
      const [after] = await demo.rows(`service_requests?select=id,description&id=eq.${foreign.id}`)
      assert.deepEqual(after, foreign)
      await page.context().close()
    })

    test('the database’s refusals are told in the words of the metadata', async () => {
      const page = await arrive()
      await signIn(page, 'resident')
      await open(page, own.replace('/view/', '/edit/'))
      // A resident may not decide the status; only the database knows.
      await page.getByLabel('Status').selectOption({ label: 'Resolved' })
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page
        .getByText('Status, priority, asset, assignment, due date and cost are decided by the town’s staff.')
        .or(page.getByText("Status, priority, asset, assignment, due date and cost are decided by the town's staff."))
        .first()
        .waitFor()
      await screenshot(page, 'town-constraint-message')
      await page.context().close()
    })

    test('staff find the new request by filter and search, and change its status', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, '/view/service_requests')
      await page.getByRole('button', { name: /^Filter/ }).click()
      await page.getByRole('checkbox', { name: 'New', exact: true }).check()
      await page.waitForURL(/f0_col=status_id/)
      await settled(page)
      await screenshot(page, 'town-list-filtered')
      const table = page.getByRole('table')
      await table.getByRole('link', { name: TITLE }).waitFor()
      const statuses = await table
        .getByRole('row')
        .locator('td')
        .filter({ hasText: /^(New|Triaged|Closed|Resolved|In progress|On hold|Declined)$/ })
        .allInnerTexts()
      assert.ok(statuses.length > 10 && statuses.every((text) => text.trim() === 'New'), statuses.join(' '))

      await open(page, '/view/service_requests?q=bakery')
      await page.getByRole('table').getByRole('link', { name: TITLE }).click()
      await settled(page)
      // Staff see who reported it, with the private name and address.
      await page.getByText(/@/).first().waitFor()
      await page.getByRole('link', { name: 'Edit' }).click()
      await settled(page)
      await page.getByLabel('Status').selectOption({ label: 'In progress' })
      await page.getByLabel('Priority').selectOption({ label: 'High' })
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.waitForURL((url) => url.pathname === own)
      await page.getByText('In progress', { exact: true }).first().waitFor()
      await screenshot(page, 'town-detail-staff')
      assertQuiet(page)
      await page.context().close()

      // The resident sees it.
      const resident = await arrive()
      await signIn(resident, 'resident')
      await open(resident, own)
      await resident.getByText('In progress', { exact: true }).first().waitFor()
      await resident.context().close()
    })

    test('the list is sorted, paged and shared by its address', async () => {
      const page = await arrive()
      await open(page, '/view/service_requests?sort=category_id&dir=asc&page=2')
      const table = page.getByRole('table')
      assert.equal(await table.getByRole('columnheader', { name: 'Category' }).getAttribute('aria-sort'), 'ascending')
      await page.getByText('26–50 of 5,001').first().waitFor()
      await table.getByRole('row').nth(1).getByText('Abandoned vehicles').waitFor()
      await page.getByRole('button', { name: 'Category' }).first().click()
      await page.waitForURL(/dir=desc/)
      await page.getByText('1–25 of 5,001').first().waitFor()
      await settled(page)
      await table.getByRole('row').nth(1).getByText('Water and drains').waitFor()
      await page.goBack()
      await page.getByText('26–50 of 5,001').first().waitFor()
      await page.context().close()
    })

    test('an administrator adds and deletes a category; a name that exists is refused readably', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      await open(page, '/create/categories')
      await page.getByRole('textbox', { name: 'Category' }).fill('Street lighting')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page
        .getByRole('alert')
        .first()
        .getByText(/already/)
        .waitFor()
      await screenshot(page, 'town-unique-refused')
      await page.getByRole('textbox', { name: 'Category' }).fill('Flower beds')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.waitForURL(/\/view\/categories\/\d+/)
      await settled(page)
      await page.getByRole('button', { name: 'More' }).click()
      await page.getByRole('menuitem', { name: 'Delete' }).click()
      await screenshot(page, 'town-delete-dialog')
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await page.waitForURL(/\/view\/categories$/)
      await page.getByText('“Flower beds” was deleted.').first().waitFor()
      await settled(page)
      assert.equal(await page.getByRole('table').getByText('Flower beds').count(), 0)
      await page.context().close()
    })

    test('a person signs out and is anonymous again', async () => {
      const page = await arrive()
      await signIn(page, 'resident')
      await page.getByRole('button', { name: /^Account: / }).click()
      await screenshot(page, 'account-menu')
      await page.getByRole('menuitem', { name: 'Sign out' }).click()
      const confirm = page.getByRole('button', { name: 'Sign out' })
      await page.getByRole('button', { name: 'Sign in' }).or(confirm).first().waitFor()
      if (await confirm.count()) await confirm.click()
      await page.getByRole('button', { name: 'Sign in' }).waitFor()
      await open(page, '/create/service_requests')
      await page.getByRole('heading', { name: 'Sign in to continue' }).waitFor()
      await page.context().close()
    })
  })
}
