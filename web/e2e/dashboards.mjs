// What widgets promise in their configuration.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { accessToken, assertQuiet, open, screenshot, signIn, visitor } from './browser.mjs'
import { everyType } from './every-type.mjs'

/** Somebody of the staff, and the headers of a change in their name. */
async function staff(world) {
  const demo = await everyType(world)
  const page = await visitor(await world.browser(), demo.url)
  await signIn(page, 'staff')
  const headers = {
    Authorization: `Bearer ${await accessToken(page)}`,
    'Content-Type': 'application/json',
    Prefer: 'return=representation',
  }
  return { demo, page, headers }
}

export function dashboardTests(world) {
  describe('dashboards', { concurrency: 1 }, () => {
    test('a calendar keeps its limit, its colour and its promise to look again', async () => {
      const { demo, page, headers } = await staff(world)
      const add = async (display_name, from, to) => {
        const body = JSON.stringify({ display_name, slot: `["2031-03-04 ${from}:00-06","2031-03-04 ${to}:00-06")` })
        const answer = await fetch(`${demo.url}/api/samples`, { method: 'POST', headers, body })
        assert.equal(answer.status, 201)
        return (await answer.json())[0].id
      }
      const remove = (ids) =>
        fetch(`${demo.url}/api/samples?id=in.(${ids.join(',')})`, { method: 'DELETE', headers }).then(({ status }) =>
          assert.equal(status, 200),
        )
      const ids = [await add('First visit', '10', '11')]
      // The page's own dashboard, with the widget under test instead of its widgets.
      await page.route('**/rpc/get_dashboard', async (route) => {
        const widget = {
          id: 1,
          widget_type: 'calendar',
          title: 'Visits',
          entity_key: 'samples',
          refresh_interval_seconds: 5,
          width: 2,
          config: { timeSlotPropertyName: 'slot', maxEvents: 2, defaultColor: '#AA0000', initialDate: '2031-03-04' },
        }
        const body = { id: 1, display_name: 'Visits', widgets: [widget] }
        return route.fulfill({ json: body })
      })
      await page.goto('/dashboard/1')
      await page.getByRole('link', { name: /First visit/ }).waitFor()
      const fill = page.getByRole('link', { name: /First visit/ }).locator('circle')
      assert.equal(await fill.getAttribute('fill'), '#AA0000')
      assert.equal(await page.getByText(/2 of 3/).count(), 0)
      // Somebody adds two more: they come without a reload, as many as may be shown.
      ids.push(await add('Second visit', '12', '13'), await add('Third visit', '14', '15'))
      await page.getByRole('link', { name: /Second visit/ }).waitFor()
      await page.getByText(/2 of 3/).waitFor()
      assert.equal(await page.getByRole('link', { name: /Third visit/ }).count(), 0)
      await screenshot(page, 'calendar-widget')
      await remove(ids)
      assertQuiet(page)
      await page.context().close()
    })

    test('a widget says when it asked, asks again, and says when that did not work', async () => {
      const { demo, page, headers } = await staff(world)
      await page.route('**/rpc/get_dashboard', (route) => {
        const widget = {
          id: 1,
          widget_type: 'stat_card',
          title: 'Samples',
          entity_key: 'samples',
          width: 1,
          config: {},
        }
        return route.fulfill({ json: { id: 1, display_name: 'Numbers', widgets: [widget] } })
      })
      await page.goto('/dashboard/1')
      await page.getByText(/^Updated \d+:\d\d [AP]M$/).waitFor()
      const number = page.locator('.co-stat')
      const before = Number(await number.textContent())
      const body = JSON.stringify({ display_name: 'Counted' })
      const made = await fetch(`${demo.url}/api/samples`, { method: 'POST', headers, body })
      assert.equal(made.status, 201)
      const [{ id }] = await made.json()
      const refresh = page.getByRole('button', { name: 'Refresh Samples' })
      await refresh.click()
      await number.getByText(String(before + 1)).waitFor()
      await screenshot(page, 'widget-updated')
      // What was there stays, and says how old it is.
      await page.route('**/api/samples?*', (route) => route.fulfill({ status: 400, json: {} }))
      await refresh.click()
      await page.getByText(/asking again did not work/).waitFor()
      assert.equal(await number.textContent(), String(before + 1))
      await fetch(`${demo.url}/api/samples?id=eq.${id}`, { method: 'DELETE', headers })
      assertQuiet(page)
      await page.context().close()
    })

    test('a page of a record tells what happened around it, and says so when it cannot', async () => {
      const { demo, page, headers } = await staff(world)
      const body = JSON.stringify({ display_name: 'Watched', created_at: '2026-03-04T16:00:00Z' })
      const made = await fetch(`${demo.url}/api/samples`, { method: 'POST', headers, body })
      assert.equal(made.status, 201)
      const [{ id }] = await made.json()
      const file = { id: crypto.randomUUID(), entity_type: 'samples', entity_id: String(id), file_name: 'plan.pdf' }
      await page.route('**/api/files?*', (route) =>
        route.request().url().includes('entity_id=eq.')
          ? route.fulfill({ json: [{ ...file, created_at: '2026-03-05T16:00:00Z' }] })
          : route.fallback(),
      )
      await open(page, `/view/samples/${id}`)
      const activity = page.getByRole('region', { name: 'Activity' })
      await activity.getByText('Added').waitFor()
      const lines = await activity.getByRole('listitem').allInnerTexts()
      assert.match(lines.at(-1), /Mar 4, 2026.*Added/s)
      assert.match(lines.at(-2), /Mar 5, 2026.*File uploaded: plan\.pdf/s)
      await page.route('**/api/my_notifications?*entity_id*', (route) => route.fulfill({ status: 500, json: {} }))
      await open(page, `/view/samples/${id}`)
      await activity.getByRole('button', { name: 'Try again' }).waitFor()
      await fetch(`${demo.url}/api/samples?id=eq.${id}`, { method: 'DELETE', headers })
      assertQuiet(page)
      await page.context().close()
    })
  })
}
