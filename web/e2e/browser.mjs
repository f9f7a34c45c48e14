// The browser and what people do in it.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const output = fileURLToPath(new URL('output/', import.meta.url))
const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const DESKTOP = { width: 1280, height: 900 }
export const PHONE = { width: 320, height: 720 }

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** While developing: the client from this folder instead of from the binary, with the binary's headers. */
const staticFolder = process.env.CIVIC_OS_E2E_STATIC

async function serveFrom(context, folder) {
  await context.route('**/*', async (route) => {
    const request = route.request()
    const { pathname } = new URL(request.url())
    const file = join(folder, pathname)
    if (pathname.startsWith('/assets/') && existsSync(file)) return route.fulfill({ path: file })
    if (request.resourceType() !== 'document' || /^\/(api|realms|sandbox|outbox)\//.test(pathname))
      return route.fallback()
    const response = await route.fetch({ maxRedirects: 0 })
    if (!response.headers()['content-type']?.startsWith('text/html') || pathname.includes('.')) {
      return route.fulfill({ response })
    }
    return route.fulfill({ response, body: await readFile(join(folder, 'index.html'), 'utf8') })
  })
}

/** Somebody at a screen: a context of its own, so nobody shares a session. */
export async function visitor(
  browser,
  url,
  {
    viewport = DESKTOP,
    colorScheme = 'light',
    reducedMotion = 'reduce',
    contrast = 'no-preference',
    forcedColors = 'none',
    serviceWorkers = 'block',
    live = false,
  } = {},
) {
  const context = await browser.newContext({
    baseURL: url,
    viewport,
    colorScheme,
    reducedMotion,
    contrast,
    forcedColors,
    serviceWorkers,
    locale: 'en-US',
    timezoneId: 'America/Chicago',
  })
  context.setDefaultTimeout(15_000)
  // A stream that never ends would keep every page from coming to rest.
  if (!live) await context.route(/\/events(\?|$)/, (route) => route.fulfill({ status: 404, body: '' }))
  if (staticFolder) await serveFrom(context, staticFolder)
  const page = await context.newPage()
  const problems = []
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`))
  page.on('console', (message) => {
    // A refusal is an answer the tests ask for; the browser writes each of them into its console.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text())
  })
  page.problems = problems
  return page
}

/** Somebody who comes to the demo of the town. */
export const townVisitor = (world) => async (options) =>
  visitor(await world.browser(), (await world.demo('town')).url, options)

export async function signIn(page, username) {
  await page.goto('/')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('Username or e-mail address').fill(username)
  await page.getByLabel('Password').fill('civic-os')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: /^Account: / }).waitFor()
}

/** The access token of whoever is signed in in this tab, for requests past the forms. */
export function accessToken(page) {
  return page.evaluate(() => {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith('oidc.user:')) return JSON.parse(sessionStorage.getItem(key)).access_token
    }
    return null
  })
}

/** Opens an address and waits until the page stands: its heading is there and nothing is loading. */
export async function open(page, path) {
  await page.goto(path)
  await settled(page)
}

export async function settled(page) {
  await page.locator('h1').first().waitFor()
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'))
  await page.waitForLoadState('networkidle')
}

export const screenshot = (page, name) => page.screenshot({ path: `${output}${name}.png`, fullPage: false })

export function assertQuiet(page) {
  assert.deepEqual(page.problems, [], 'errors in the browser console')
}

/** No violation of WCAG 2.0-2.2 A and AA or of axe's best practices. */
export async function assertAccessible(page, where) {
  // As tall as the page: what a sticky bar happens to cover at one scroll position is no finding.
  const window = page.viewportSize()
  const height = await page.evaluate(() => document.documentElement.scrollHeight)
  await page.setViewportSize({ width: window.width, height: Math.min(Math.max(height, window.height), 8000) })
  // Once per document: the program stays while the page is looked at in other ways.
  if (await page.evaluate(() => window.axe === undefined)) await page.evaluate(axeSource)
  // Pins stand where the places are, close together or not: the exception of WCAG 2.5.8 for what is
  // essential names maps, and the list beside the map leads to the same records.
  const violations = await page.evaluate(async () => {
    const isPin = (node) => document.querySelector(node.target[0])?.closest('.leaflet-marker-pane')
    const { violations } = await window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      resultTypes: ['violations'],
    })
    return violations
      .map(({ id, nodes }) => ({ id, nodes: id === 'target-size' ? nodes.filter((node) => !isPin(node)) : nodes }))
      .filter(({ nodes }) => nodes.length > 0)
      .map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target, failureSummary }) => ({ target, failureSummary })) }))
  })
  const found = violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 4)
        .map((node) => `${node.target} ${node.failureSummary ?? ''}`)
        .join(' | ')}`,
  )
  await page.setViewportSize(window)
  assert.deepEqual(found, [], where)
}

/** The page is not wider than the window. */
export async function assertNoSidewaysScroll(page, where) {
  const { scroll, client, widest } = await page.evaluate(() => {
    const client = document.documentElement.clientWidth
    const widest = [...document.body.querySelectorAll('*')]
      .filter((element) => element.getBoundingClientRect().right > client + 1)
      .slice(0, 3)
      .map((element) => `${element.tagName}.${element.className}`)
    return { scroll: document.documentElement.scrollWidth, client, widest }
  })
  assert.ok(scroll <= client, `${where}: ${scroll} px wide in a window of ${client} px (${widest.join(', ')})`)
}

/**
 * The register that is open, on a phone: its rows are cards that no part sticks out of, and still rows of a table with named
 * columns to whoever does not see them.
 */
export async function assertCards(page, name) {
  const window = page.viewportSize()
  await page.setViewportSize(PHONE)
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
  await screenshot(page, `cards-${name}`)
  const { hidden, lines, labelled } = await page.locator('.co-card-table').evaluate((table) => {
    const cells = [...table.tBodies[0].rows[0].querySelectorAll('td[data-label]:not(:empty)')]
    const box = table.parentElement
    return {
      hidden: box.scrollWidth - box.clientWidth,
      lines: new Set(cells.map((cell) => Math.round(cell.getBoundingClientRect().top))).size,
      labelled: cells.length,
    }
  })
  assert.ok(hidden <= 0, `${name}: ${hidden} px of the table are out of sight`)
  assert.equal(lines, labelled, `${name}: each value has a line of its own`)
  const devtools = await page.context().newCDPSession(page)
  const { nodes } = await devtools.send('Accessibility.getFullAXTree')
  const roles = new Set(nodes.filter(({ ignored }) => !ignored).map(({ role }) => role?.value))
  for (const role of ['table', 'row', 'columnheader', 'cell']) assert.ok(roles.has(role), `${name}: no ${role}`)
  await devtools.detach()
  await page.setViewportSize(window)
}

/** In which ways a page is looked at: high contrast on a light and on a dark page, each in one width. */
const LOOKS = [
  { colorScheme: 'light', contrast: 'no-preference', viewport: DESKTOP },
  { colorScheme: 'light', contrast: 'more', viewport: DESKTOP },
  { colorScheme: 'dark', contrast: 'no-preference', viewport: DESKTOP },
  { colorScheme: 'dark', contrast: 'more', viewport: PHONE },
  { colorScheme: 'dark', contrast: 'no-preference', viewport: PHONE },
  { colorScheme: 'light', contrast: 'no-preference', viewport: PHONE },
]

/**
 * The page that is open, in every look without loading it again: no violation, nothing wider than the window. It follows
 * the device's wishes while it stands, as it does for people.
 */
export async function assertAccessibleInAllLooks(page, name) {
  for (const { colorScheme, contrast, viewport } of LOOKS) {
    const where = `${name}, ${colorScheme}${contrast === 'more' ? ', high contrast' : ''}, ${viewport.width} px`
    await page.emulateMedia({ colorScheme, contrast })
    await page.setViewportSize(viewport)
    await page.waitForFunction(
      ([theme, more]) =>
        document.documentElement.dataset.theme === theme &&
        (document.documentElement.dataset.contrast === 'more') === more &&
        !document.querySelector('[aria-busy="true"]'),
      [colorScheme, contrast === 'more'],
    )
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
    await screenshot(page, `${name}-${colorScheme}-${contrast}-${viewport.width}`)
    await assertAccessible(page, where)
    await assertNoSidewaysScroll(page, where)
  }
  await page.emulateMedia({ colorScheme: 'light', contrast: 'no-preference' })
  await page.setViewportSize(DESKTOP)
}
