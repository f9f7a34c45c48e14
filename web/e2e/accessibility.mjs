// The main pages for everybody: axe in light and dark, wide and narrow; nothing wider than the window;
// and the whole way from the list to a saved change by keyboard alone.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  assertAccessible,
  assertAccessibleInAllLooks,
  assertNoSidewaysScroll,
  assertQuiet,
  DESKTOP,
  open,
  PHONE,
  screenshot,
  settled,
  signIn,
  visitor,
} from './browser.mjs'

const PAGES = [
  ['home', '/'],
  ['list', '/view/service_requests'],
  ['list-filtered', '/view/service_requests?q=pothole&f0_col=category_id&f0_op=in&f0_val=(1)'],
  ['detail', '/view/service_requests/4800'],
  ['create', '/create/service_requests'],
  ['edit', '/edit/service_requests/4800'],
  ['assets', '/view/assets'],
  ['profile', '/profile'],
  ['schema', '/schema-editor?view=diagram'],
  ['schema-list', '/schema-editor?view=list'],
  ['notifications', '/notifications'],
  ['payment-return', '/payment-success?payment=00000000-0000-4000-8000-000000000000'],
  ['not-found', '/no/such/place'],
]

export function accessibilityTests(world) {
  describe('accessibility', { concurrency: 1 }, () => {
    test('no violations and no sideways scrolling: light, dark, high contrast, 1280 and 320 px', async () => {
      const demo = await world.demo('town')
      const page = await visitor(await world.browser(), demo.url)
      await signIn(page, 'staff')
      for (const [name, path] of PAGES) {
        await open(page, path)
        await assertAccessibleInAllLooks(page, `a11y-${name}`)
      }
      assertQuiet(page)
      await page.context().close()
    })

    for (const { colorScheme, viewport } of [
      { colorScheme: 'light', viewport: DESKTOP },
      { colorScheme: 'dark', viewport: PHONE },
    ]) {
      test(`signing in is accessible, ${colorScheme}, ${viewport.width} px`, async () => {
        const demo = await world.demo('town')
        const page = await visitor(await world.browser(), demo.url, { viewport, colorScheme })
        await page.goto('/')
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.getByLabel('Password').waitFor()
        await assertAccessible(page, 'sign-in page')
        await assertNoSidewaysScroll(page, 'sign-in page')
        await screenshot(page, `a11y-sign-in-${colorScheme}-${viewport.width}`)
        await page.context().close()
      })
    }

    test('from the list to a saved change by keyboard alone', async () => {
      const demo = await world.demo('town')
      const page = await visitor(await world.browser(), demo.url)
      await signIn(page, 'staff')
      await open(page, '/view/service_requests?q=lamp')

      // The skip link is the first stop and leads into the page.
      await page.keyboard.press('Tab')
      assert.equal(await focusedText(page), 'Skip to content')
      await page.keyboard.press('Enter')
      const title = await page.getByRole('table').getByRole('row').nth(1).getByRole('link').textContent()
      await tabTo(page, (focus) => focus.tag === 'A' && focus.text === title.trim())
      await screenshot(page, 'keyboard-list')
      await page.keyboard.press('Enter')
      await page.waitForURL(/\/view\/service_requests\/\d+/)
      await settled(page)
      await tabTo(page, (focus) => focus.tag === 'A' && focus.text === 'Edit')
      await page.keyboard.press('Enter')
      await page.waitForURL(/\/edit\/service_requests\/\d+/)
      await settled(page)
      await tabTo(page, (focus) => focus.label.startsWith('Address'))
      await page.keyboard.press('Control+A')
      await page.keyboard.type('77 Keyboard Lane')
      await screenshot(page, 'keyboard-form')
      await tabTo(page, (focus) => focus.tag === 'BUTTON' && focus.text === 'Save')
      await page.keyboard.press('Enter')
      await page.waitForURL(/\/view\/service_requests\/\d+/)
      await page.getByText('77 Keyboard Lane').waitFor()
      await page.context().close()
    })
  })
}

const focusedText = (page) => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')

/** Presses Tab until the focus is where it should be; whatever takes focus must show it. */
async function tabTo(page, wanted) {
  const seen = []
  for (let step = 0; step < 120; step += 1) {
    await page.keyboard.press('Tab')
    const focus = await page.evaluate(() => {
      const element = document.activeElement
      const style = element ? getComputedStyle(element) : null
      return {
        tag: element?.tagName ?? '',
        text: element?.textContent?.trim() ?? '',
        label: element?.labels?.[0]?.textContent?.trim() ?? '',
        visible: style !== null && (style.outlineStyle !== 'none' || style.boxShadow !== 'none'),
      }
    })
    seen.push(focus.text.slice(0, 20) || focus.label || focus.tag)
    if (wanted(focus)) {
      assert.ok(focus.visible, `no visible focus on ${focus.tag} ${focus.text}${focus.label}`)
      return
    }
  }
  assert.fail(`not reached by Tab: ${seen.join(' > ')}`)
}
