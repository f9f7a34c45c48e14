// keycloak-js as published, in a real browser, against the provider of a running demo. It is started on the plainest
// page that the server has, by a script the browser adds; every request of the library reaches the server.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { Demo } from '../../web/e2e/demo.mjs'

const library = await readFile(createRequire(import.meta.url).resolve('keycloak-js'), 'utf8')
const PAGE = '/health'

/** Runs in the page: what an application does first. */
function start() {
  if (window !== top || location.pathname !== '/health') return
  window.events = []
  const loaded = new Promise((resolve) => addEventListener('DOMContentLoaded', resolve))
  window.ready = loaded
    .then(() => import('/keycloak-js-library.js'))
    .then(({ default: Keycloak }) => {
      const keycloak = new Keycloak({ url: location.origin, realm: 'civic-os', clientId: 'civic-os' })
      window.keycloak = keycloak
      for (const name of ['onAuthSuccess', 'onAuthError', 'onAuthRefreshSuccess', 'onAuthRefreshError', 'onAuthLogout'])
        keycloak[name] = () => window.events.push(name)
      return keycloak.init({
        onLoad: 'check-sso',
        silentCheckSsoRedirectUri: `${location.origin}/silent-check-sso.html`,
        checkLoginIframeInterval: 1,
      })
    })
}

let demo
let browser

before(async () => {
  demo = await Demo.start('town')
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
}, { timeout: 180_000 })

after(async () => {
  await browser?.close()
  await demo?.stop()
})

async function visitor() {
  const context = await browser.newContext({ baseURL: demo.url })
  context.setDefaultTimeout(30_000)
  await context.addInitScript(start)
  await context.route('**/keycloak-js-library.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: library }),
  )
  return context
}

/** Opens the page and waits for the library; whether somebody is signed in. */
async function open(context) {
  const page = await context.newPage()
  await page.goto(PAGE)
  return [page, await page.evaluate(() => window.ready)]
}

async function signIn(page, username) {
  await page.evaluate(() => void window.keycloak.login())
  await page.getByLabel('Username or e-mail address').fill(username)
  await page.getByLabel('Password', { exact: true }).fill('civic-os')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL((url) => url.pathname === PAGE)
  assert.equal(await page.evaluate(() => window.ready), true)
}

test('nobody is signed in at first, and no page is left for it', async () => {
  const context = await visitor()
  const [page, authenticated] = await open(context)
  assert.equal(authenticated, false)
  assert.equal(new URL(page.url()).pathname, PAGE)
  await context.close()
})

test('login, claims, a silent check on the next page, refresh', async () => {
  const context = await visitor()
  const [page] = await open(context)
  await signIn(page, 'resident')
  const token = await page.evaluate(() => window.keycloak.tokenParsed)
  assert.equal(token.preferred_username, 'resident')
  assert.deepEqual(token.realm_access.roles, ['user'])
  assert.equal(token.iss, `${demo.url}/realms/civic-os`)
  assert.equal(await page.evaluate(() => window.keycloak.hasRealmRole('user')), true)
  assert.equal(await page.evaluate(() => window.keycloak.idTokenParsed.aud), 'civic-os')

  // Another tab finds the session by itself: the framed silent check, no page of the provider.
  const requests = []
  context.on('request', (request) => requests.push(request.url()))
  const [second, authenticated] = await open(context)
  assert.equal(authenticated, true)
  assert.ok(requests.some((url) => url.includes('/3p-cookies/step1.html')))
  assert.ok(requests.some((url) => url.includes('/login-status-iframe.html')))
  assert.ok(requests.some((url) => url.includes('prompt=none')))
  assert.ok(requests.some((url) => url.includes('/silent-check-sso.html')))

  const [before, after] = await second.evaluate(async () => {
    const before = window.keycloak.token
    await window.keycloak.updateToken(-1)
    return [before, window.keycloak.token]
  })
  assert.notEqual(before, after)
  assert.deepEqual(await second.evaluate(() => window.events), ['onAuthSuccess', 'onAuthRefreshSuccess'])

  const profile = await second.evaluate(() => window.keycloak.loadUserInfo())
  assert.equal(profile.preferred_username, 'resident')

  // The token opens the API.
  const status = await second.evaluate(async () => {
    const answer = await fetch('/api/rpc/refresh_current_user', {
      method: 'POST',
      headers: { Authorization: `Bearer ${window.keycloak.token}`, 'Content-Type': 'application/json' },
      body: '{}',
    })
    return answer.status
  })
  assert.equal(status, 200)
  await context.close()
})

test('the account link leads to the account', async () => {
  const context = await visitor()
  const [page] = await open(context)
  await signIn(page, 'staff')
  await page.evaluate(() => void window.keycloak.accountManagement())
  await page.getByRole('heading', { name: 'Your account' }).waitFor()
  assert.match(await page.textContent('main'), /staff/)
  await page.getByRole('link', { name: 'Back to the application' }).click()
  await page.waitForURL((url) => url.pathname === PAGE)
  await context.close()
})

test('logout ends the session here and, through the status frame, in the other tab', async () => {
  const context = await visitor()
  const [page] = await open(context)
  await signIn(page, 'resident')
  const [other, authenticated] = await open(context)
  assert.equal(authenticated, true)
  const back = page.waitForEvent('load')
  await page.evaluate(() => void window.keycloak.logout())
  await back
  assert.equal(await page.evaluate(() => window.ready), false)
  await other.waitForFunction(() => window.events.includes('onAuthLogout'))
  assert.equal(await other.evaluate(() => window.keycloak.authenticated), false)
  const [, again] = await open(context)
  assert.equal(again, false)
  await context.close()
})
