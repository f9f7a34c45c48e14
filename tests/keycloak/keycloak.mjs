// A Keycloak of the tests' own: unpacked into a temporary folder, on loopback, with the realm that the project ships.

import { execFile, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const START_LIMIT_MS = 300_000
const ADMIN = { username: 'operator', password: 'only-for-this-test' }

export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

export async function until(what, limit, check) {
  const end = Date.now() + limit
  for (;;) {
    const result = await check()
    if (result) return result
    if (Date.now() > end) throw new Error(`not after ${limit} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

export class Keycloak {
  /** Unpacks and starts a server whose client is at `application`. */
  static async start(application) {
    const folder = await mkdtemp(join(tmpdir(), 'civic-os-keycloak-'))
    await promisify(execFile)('unzip', ['-q', process.env.KEYCLOAK_ZIP, '-d', folder])
    const [home] = await readdir(folder)
    const realm = await readFile(new URL('../../deploy/keycloak/realm.json', import.meta.url), 'utf8')
    await mkdir(join(folder, home, 'data', 'import'), { recursive: true })
    await writeFile(
      join(folder, home, 'data', 'import', 'realm.json'),
      realm.replaceAll('https://town.example', application),
    )
    const keycloak = new Keycloak(folder, join(folder, home), await freePort(), await freePort())
    await chmod(join(folder, home, 'bin', 'kc.sh'), 0o755)
    await keycloak.launch()
    return keycloak
  }

  constructor(folder, home, port, management) {
    this.folder = folder
    this.home = home
    this.port = port
    this.management = management
    this.url = `http://127.0.0.1:${port}`
    this.issuer = `${this.url}/realms/civic-os`
  }

  /** Starts the process; also after `halt`. */
  async launch() {
    const log = createWriteStream(join(this.folder, 'log'), { flags: 'a' })
    this.child = spawn(
      join(this.home, 'bin', 'kc.sh'),
      ['start-dev', '--import-realm', '--http-host=127.0.0.1', `--http-port=${this.port}`, `--http-management-port=${this.management}`],
      {
        env: {
          PATH: process.env.PATH,
          HOME: this.folder,
          JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m',
          KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN.username,
          KC_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own: the script's Java ends with it.
        detached: true,
      },
    )
    this.child.stdout.pipe(log)
    this.child.stderr.pipe(log)
    await until('Keycloak answers', START_LIMIT_MS, async () => {
      if (this.child.exitCode !== null) throw new Error(`Keycloak ended:\n${await readFile(join(this.folder, 'log'), 'utf8')}`)
      return (await fetch(`${this.issuer}/.well-known/openid-configuration`).catch(() => null))?.ok
    })
  }

  async halt() {
    const ended = new Promise((resolve) => this.child.once('exit', resolve))
    process.kill(-this.child.pid, 'SIGTERM')
    await ended
    await until('the port is free', 30_000, async () => !(await fetch(this.url).catch(() => null)))
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.halt()
    await rm(this.folder, { recursive: true, force: true })
  }

  async #token() {
    const answer = await fetch(`${this.url}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', ...ADMIN }),
    })
    if (!answer.ok) throw new Error(`no token for the operator: ${answer.status} ${await answer.text()}`)
    return (await answer.json()).access_token
  }

  /** A request to the administration API below the realm. */
  async admin(method, path, body) {
    const answer = await fetch(`${this.url}/admin/realms/civic-os${path}`, {
      method,
      headers: { Authorization: `Bearer ${await this.#token()}`, 'Content-Type': 'application/json' },
      body: body && JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text ? JSON.parse(text) : undefined
  }

  async addPerson(username, roles, more = {}) {
    await this.admin('POST', '/users', {
      username,
      enabled: true,
      emailVerified: true,
      email: `${username}@town.example`,
      firstName: username,
      lastName: 'Example',
      credentials: [{ type: 'password', value: 'a-good-password', temporary: false }],
      ...more,
    })
    const { id } = await this.person(username)
    const known = await this.admin('GET', '/roles')
    await this.admin('POST', `/users/${id}/role-mappings/realm`, known.filter((role) => roles.includes(role.name)))
  }

  async person(username) {
    const [person] = await this.admin('GET', `/users?exact=true&username=${username}`)
    return person
  }

  /** Makes another RSA key that signs from now on; returns the names of all. */
  async rotateKeys() {
    const { id } = await this.admin('GET', '')
    await this.admin('POST', '/components', {
      name: `rsa-${Date.now()}`,
      providerId: 'rsa-generated',
      providerType: 'org.keycloak.keys.KeyProvider',
      parentId: id,
      config: { priority: ['500'], enabled: ['true'], active: ['true'], algorithm: ['RS256'], keySize: ['2048'] },
    })
  }

  /** Forgets the keys that were there before: their tokens are worth nothing any more. */
  async dropOldKeys() {
    const components = await this.admin('GET', '/components?type=org.keycloak.keys.KeyProvider')
    const old = components.filter((one) => one.providerId === 'rsa-generated' && one.config.priority?.[0] !== '500')
    for (const one of old) await this.admin('DELETE', `/components/${one.id}`)
  }
}
