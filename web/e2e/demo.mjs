// The program under test: `civic-os demo` with a data directory and ports of its own.

import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const START_LIMIT_MS = 120_000
const LOOK_MS = 50

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

export class Demo {
  /** An example by its name, or an application's folder. */
  static async start(example, variables = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'civic-os-e2e-'))
    // As root the database runs as an unprivileged user, who must be able to pass.
    await chmod(folder, 0o755)
    const port = await freePort()
    const args = ['demo', '--listen', `127.0.0.1:${port}`, '--data-dir', join(folder, 'data')]
    args.push(...(example.includes('/') ? ['--app', example] : ['--example', example]))
    // The demo reads configuration only where it is told to.
    const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`)
    if (settings.length > 0) {
      await writeFile(join(folder, 'demo.env'), settings.join(''))
      args.push('--env-file', join(folder, 'demo.env'))
    }
    const child = spawn(process.env.CIVIC_OS_BINARY, args, {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        CIVIC_OS_ADMIN__LISTEN: `127.0.0.1:${await freePort()}`,
        CIVIC_OS_STORE__LISTEN: `127.0.0.1:${await freePort()}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const demo = new Demo(child, folder, `http://127.0.0.1:${port}`)
    await demo.#ready()
    return demo
  }

  constructor(child, folder, url) {
    this.child = child
    this.folder = folder
    this.url = url
    this.output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (piece) => {
        this.output = (this.output + piece).slice(-20_000)
      })
    }
  }

  async #ready() {
    const limit = Date.now() + START_LIMIT_MS
    while (Date.now() < limit) {
      if (this.child.exitCode !== null) throw new Error(`the demo ended with ${this.child.exitCode}:\n${this.output}`)
      const answer = await fetch(`${this.url}/api/schema_entities`).catch(() => null)
      if (answer?.ok && (await answer.json()).length > 0) return
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
    await this.stop()
    throw new Error(`the demo is not ready after ${START_LIMIT_MS} ms:\n${this.output}`)
  }

  /** Rows of an API query without a sign-in. */
  async rows(path, token) {
    const answer = await fetch(
      `${this.url}/api/${path}`,
      token ? { headers: { Authorization: `Bearer ${token}` } } : {},
    )
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }

  async stop() {
    if (this.child.exitCode === null) {
      const ended = new Promise((resolve) => this.child.once('exit', resolve))
      this.child.kill('SIGTERM')
      const timer = setTimeout(() => this.child.kill('SIGKILL'), 15_000)
      await ended
      clearTimeout(timer)
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
