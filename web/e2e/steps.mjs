// A form asked step by step, by thumb and by keyboard; links chosen while a record is added.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  assertAccessible,
  assertNoSidewaysScroll,
  assertQuiet,
  open,
  PHONE,
  screenshot,
  settled,
  signIn,
  townVisitor,
} from './browser.mjs'

export function stepTests(world) {
  describe('steps', { concurrency: 1 }, () => {
    const arrive = townVisitor(world)
    const step = (page, n) => page.waitForURL((url) => (url.searchParams.get('step') ?? '1') === String(n))

    test('a resident reports on a phone: one topic per page, answers kept, checked, changed and sent', async () => {
      const page = await arrive({ viewport: PHONE })
      await signIn(page, 'resident')
      await open(page, '/create/service_requests')
      await page.getByText(/Step 1 of \d/).waitFor()
      const last = Number((await page.getByText(/Step 1 of \d/).textContent()).match(/of (\d+)/)[1])
      const proceed = () => page.getByRole('button', { name: 'Continue' }).click()
      // Complaints come with Continue, not before.
      assert.equal(await page.getByText('Please give your request a title.').count(), 0)
      await proceed()
      await page.getByRole('alert').getByText('Please give your request a title.').waitFor()
      assert.match(await page.title(), /^Error: /)
      await screenshot(page, 'steps-problem')
      await assertAccessible(page, 'first step with a problem')
      await page.getByLabel('Title').fill('Reported in steps')
      await page.getByLabel('Category').selectOption({ label: 'Potholes and road surface' })
      if (await page.getByLabel('Neighbourhood').count()) {
        await page.getByLabel('Neighbourhood').selectOption({ label: 'Old Town' })
      }
      // Enter goes on, as Continue does, and the question takes focus.
      await page.getByLabel('Title').press('Enter')
      await step(page, 2)
      await page.waitForFunction(() => document.activeElement?.tagName === 'H1')
      // Back and a reload keep the answers.
      await page.goBack()
      await step(page, 1)
      assert.equal(await page.getByLabel('Title').inputValue(), 'Reported in steps')
      await proceed()
      await step(page, 2)
      await page.reload()
      await settled(page)
      for (let at = 2; at < last; at += 1) {
        await step(page, at)
        const address = page.getByLabel('Address')
        if (await address.count()) await address.fill('5 Step Street')
        const neighbourhood = page.getByLabel('Neighbourhood')
        if (await neighbourhood.count()) await neighbourhood.selectOption({ label: 'Old Town' })
        await screenshot(page, `steps-${at}`)
        await assertNoSidewaysScroll(page, `step ${at}`)
        await proceed()
      }
      await page.getByRole('heading', { level: 1, name: 'Check your answers' }).waitFor()
      await page.getByText('Reported in steps').waitFor()
      await page.getByText('Potholes and road surface').waitFor()
      await screenshot(page, 'steps-check')
      await assertAccessible(page, 'answers to check')
      await page.getByRole('button', { name: 'Change Title' }).click()
      await step(page, 1)
      await page.getByLabel('Title').fill('Reported in steps, changed')
      for (let at = 1; at < last; at += 1) {
        await step(page, at)
        await proceed()
      }
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByRole('heading', { level: 1, name: 'Thank you, it was saved' }).waitFor()
      await page.getByText(/Its number is \d+/).waitFor()
      await screenshot(page, 'steps-sent')
      await page.getByRole('link', { name: 'Show it' }).click()
      await page.getByRole('heading', { level: 1, name: 'Reported in steps, changed' }).waitFor()
      await page.getByText('5 Step Street').first().waitFor()

      // Who wants everything at once says so, and that is remembered.
      await open(page, '/create/service_requests')
      await page.getByLabel('Title').fill('Typed before the form was turned')
      await page.getByRole('button', { name: 'Show all questions on one page' }).click()
      await page.getByRole('heading', { level: 1, name: 'Add Service request' }).waitFor()
      assert.equal(await page.getByLabel('Title').inputValue(), 'Typed before the form was turned')
      page.on('dialog', (dialog) => dialog.accept())
      await page.reload()
      await page.getByRole('button', { name: 'Ask one question at a time' }).waitFor()
      assertQuiet(page)
      await page.context().close()
    })

    test('a new record is linked with others in its own form', async () => {
      const page = await arrive()
      await signIn(page, 'staff')
      await open(page, '/create/service_requests')
      await page.getByLabel('Title').fill('Linked from the start')
      await page.getByLabel('Category').selectOption({ index: 1 })
      await page.getByLabel('Neighbourhood').selectOption({ index: 1 })
      const tags = page.getByRole('group', { name: 'Tags' }).getByRole('checkbox')
      await tags.nth(0).check()
      await tags.nth(2).check()
      const names = await page.getByRole('group', { name: 'Tags' }).locator('li').allInnerTexts()
      await screenshot(page, 'create-with-links')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByRole('heading', { level: 1, name: 'Linked from the start' }).waitFor()
      await settled(page)
      const section = page.getByRole('region', { name: 'Tags' })
      await section.getByText(names[0].trim()).waitFor()
      await section.getByText(names[2].trim()).waitFor()
      assertQuiet(page)
      await page.context().close()
    })
  })
}
