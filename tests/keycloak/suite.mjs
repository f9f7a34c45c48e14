// Keycloak in front of our binary, as an organisation runs the two: a person at a browser, and what an operator does to
// Keycloak meanwhile.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { launch } from '../../web/e2e/browser.mjs'
import { freePort, Keycloak, until } from './keycloak.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
let keycloak
let application
let browser

/** Our binary with a private PostgreSQL and the town, with Keycloak as its issuer. */
class Application {
  static async start(url, port, issuer) {
    const folder = await mkdtemp(join(tmpdir(), 'civic-os-keycloak-app-'))
    await chmod(folder, 0o755)
    const file = join(folder, 'civic-os.toml')
    await writeFile(
      file,
      `data_dir = "${folder}/data"\n[database]\nmode = "managed"\n[app]\ninit_dir = "${root}examples/town"\n` +
        `[web]\nlisten = "127.0.0.1:${port}"\npublic_url = "${url}"\n[admin]\nlisten = "127.0.0.1:${await freePort()}"\n` +
        `[auth]\nissuer = "${issuer}"\n`,
    )
    const application = new Application()
    Object.assign(application, { folder, file, url, output: '' })
    application.child = spawn(process.env.CIVIC_OS_BINARY, ['serve', '--config', file], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [application.child.stdout, application.child.stderr])
      stream.on('data', (piece) => {
        application.output = (application.output + piece).slice(-40_000)
      })
    await until('the application answers', 180_000, async () => {
      if (application.child.exitCode !== null) throw new Error(`the application ended:\n${application.output}`)
      const answer = await fetch(`${url}/api/schema_entities`).catch(() => null)
      return answer?.ok && (await answer.json()).length > 0
    })
    return application
  }

  async whoAmI(token) {
    const answer = await fetch(`${this.url}/auth/whoami`, { headers: token ? { Authorization: `Bearer ${token}` } : {} })
    return [answer.status, await answer.json()]
  }

  async stop() {
    const ended = new Promise((resolve) => this.child.once('exit', resolve))
    this.child.kill('SIGTERM')
    await ended
    await rm(this.folder, { recursive: true, force: true })
  }
}

before(
  async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    keycloak = await Keycloak.start(url)
    await keycloak.addPerson('resident', ['user'], { attributes: { phoneNumber: ['5551234567'] } })
    await keycloak.addPerson('staff', ['user', 'editor'])
    await keycloak.addPerson('leaver', ['user'])
    application = await Application.start(url, port, keycloak.issuer)
    browser = await launch()
  },
  { timeout: 600_000 },
)

after(async () => {
  await browser?.close()
  await application?.stop()
  await keycloak?.stop()
})

/** A browser whose newest tokens can be looked at. */
async function visitor() {
  const context = await browser.newContext({ baseURL: application.url })
  context.setDefaultTimeout(60_000)
  const tokens = {}
  context.on('response', async (response) => {
    if (!response.url().endsWith('/protocol/openid-connect/token') || !response.ok()) return
    Object.assign(tokens, await response.json().catch(() => ({})))
  })
  return { context, tokens, page: await context.newPage() }
}

async function signIn({ page, tokens }, username, password = 'a-good-password') {
  await page.goto('/')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('#username').fill(username)
  await page.locator('#password').fill(password)
  await page.locator('#kc-login').click()
  await page.waitForURL((url) => url.origin === application.url)
  await until(`tokens for ${username}`, 60_000, () => tokens.access_token)
}

const header = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url'))

async function refresh(token) {
  const answer = await fetch(`${keycloak.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'civic-os', refresh_token: token }),
  })
  return [answer.status, await answer.json()]
}

test('a resident signs in through Keycloak and the API knows who it is', { timeout: 240_000 }, async () => {
  const resident = await visitor()
  await signIn(resident, 'resident')
  const [status, view] = await application.whoAmI(resident.tokens.access_token)
  assert.equal(status, 200, JSON.stringify(view))
  assert.equal(view.database.role, 'authenticated')
  assert.ok(view.database.roles.includes('user') && !view.database.roles.includes('editor'), JSON.stringify(view.database))
  assert.equal(view.claims.phone_number, '5551234567', 'the mapper of the shipped realm')
  const answer = await fetch(`${application.url}/api/rpc/refresh_current_user`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${resident.tokens.access_token}`, 'Content-Type': 'application/json' },
    body: '{}',
  })
  assert.equal(answer.status, 200)
  assert.equal((await answer.json()).display_name, 'Resident E.')
  // The next page of the same browser asks nobody anything.
  const second = await resident.context.newPage()
  await second.goto('/')
  await second.getByRole('button', { name: /^Account: / }).waitFor()
  for (const wrong of ['id_token', 'refresh_token']) {
    const [refused] = await application.whoAmI(resident.tokens[wrong])
    assert.equal(refused, 401, `${wrong} is no access token`)
  }
  await resident.context.close()
})

test('roles of Keycloak open what they are meant to open', { timeout: 240_000 }, async () => {
  const staff = await visitor()
  await signIn(staff, 'staff')
  const [, view] = await application.whoAmI(staff.tokens.access_token)
  assert.ok(view.database.roles.includes('editor'), JSON.stringify(view.database))
  assert.equal(view.database.is_admin, false)
  await staff.context.close()
})

test('keys are rotated and nobody is refused', { timeout: 240_000 }, async () => {
  const before = await visitor()
  await signIn(before, 'resident')
  const old = before.tokens.access_token
  assert.equal((await application.whoAmI(old))[0], 200)
  await keycloak.rotateKeys()
  const [status, renewed] = await refresh(before.tokens.refresh_token)
  assert.equal(status, 200, JSON.stringify(renewed))
  assert.notEqual(header(renewed.access_token).kid, header(old).kid)
  assert.equal((await application.whoAmI(renewed.access_token))[0], 200, 'a key that nobody here has seen before')
  assert.equal((await application.whoAmI(old))[0], 200, 'the old key is still published')
  const after_ = await visitor()
  await signIn(after_, 'staff')
  assert.equal((await application.whoAmI(after_.tokens.access_token))[0], 200)
  await before.context.close()
  await after_.context.close()
})

test('a disabled person gets no further token and cannot come back', { timeout: 240_000 }, async () => {
  const leaver = await visitor()
  await signIn(leaver, 'leaver')
  const person = await keycloak.person('leaver')
  await keycloak.admin('PUT', `/users/${person.id}`, { ...person, enabled: false })
  const [status, refusal] = await refresh(leaver.tokens.refresh_token)
  assert.equal(status, 400, JSON.stringify(refusal))
  const again = await visitor()
  await again.page.goto('/')
  await again.page.getByRole('button', { name: 'Sign in' }).click()
  await again.page.locator('#username').fill('leaver')
  await again.page.locator('#password').fill('a-good-password')
  await again.page.locator('#kc-login').click()
  await again.page.getByText(/disabled/i).first().waitFor()
  assert.equal(again.tokens.access_token, undefined)
  await leaver.context.close()
  await again.context.close()
})

test('Keycloak restarts and everything keeps working', { timeout: 400_000 }, async () => {
  const resident = await visitor()
  await signIn(resident, 'resident')
  const known = resident.tokens.access_token
  await keycloak.halt()
  assert.equal((await application.whoAmI(known))[0], 200, 'known keys are enough')
  assert.equal((await application.whoAmI())[0], 200, 'nobody needs Keycloak to look around')
  const [status] = await application.whoAmI(`${known.slice(0, -6)}AAAAAA`)
  assert.equal(status, 401, 'and it is no way in')
  await keycloak.launch()
  const [renewal, renewed] = await refresh(resident.tokens.refresh_token)
  assert.equal(renewal, 200, JSON.stringify(renewed))
  assert.equal((await application.whoAmI(renewed.access_token))[0], 200)
  const staff = await visitor()
  await signIn(staff, 'staff')
  assert.equal((await application.whoAmI(staff.tokens.access_token))[0], 200)
  await resident.context.close()
  await staff.context.close()
})

test('signing out of the application signs out of Keycloak', { timeout: 240_000 }, async () => {
  const resident = await visitor()
  await signIn(resident, 'resident')
  const { refresh_token } = resident.tokens
  await resident.page.getByRole('button', { name: /^Account: / }).click()
  await resident.page.getByRole('menuitem', { name: 'Sign out' }).click()
  await resident.page.getByRole('button', { name: 'Sign in' }).waitFor()
  await until('the session is over', 30_000, async () => (await refresh(refresh_token))[0] === 400)
  await resident.context.close()
})
