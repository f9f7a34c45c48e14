// See verification.sh.

import { spawn } from 'node:child_process'
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const TOKENS = Number(process.env.TOKENS ?? 8000)
const ROUNDS = Number(process.env.ROUNDS ?? 5)
/** Tokens that are sent again and again. */
const KNOWN = 200
const CONNECTIONS = 16
const BOUNDS = { fresh: 200, cached: 5, rate: 1000 }

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token as Keycloak makes them, of some 900 bytes. */
function token() {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    sub: randomUUID(), jti: randomUUID(), sid: randomUUID(), iat: now, exp: now + 3600, aud: 'account', azp: 'civic-os', typ: 'Bearer',
    name: 'A person with an ordinary token', preferred_username: 'person', email: 'person@town.example',
    scope: 'openid profile email', realm_access: { roles: ['user', 'editor', 'offline_access', 'default-roles-town'] },
    resource_access: { account: { roles: ['manage-account', 'manage-account-links', 'view-profile'] } },
  }
  const text = `${part({ alg: 'RS256', typ: 'JWT', kid: 'bench' })}.${part(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`
}

const folder = await mkdtemp(join(tmpdir(), 'civic-os-bench-'))
const port = await freePort()
await writeFile(join(folder, 'keys.json'), JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'RS256' }] }))
await writeFile(
  join(folder, 'civic-os.toml'),
  `data_dir = "${folder}/data"\n[database]\nurl = "postgres://authenticator:x@127.0.0.1:1/none"\n[log]\nlevel = "error"\n` +
    `[auth]\njwt_secret = "@${folder}/keys.json"\n[web]\nlisten = "127.0.0.1:${port}"\n[admin]\nlisten = "127.0.0.1:${await freePort()}"\n` +
    '[limits]\nsign_in = 0\nanonymous_calls = 0\nanonymous_writes = 0\nwrites = 0\nuploads = 0\nfailing_webhooks = 0\n',
)
const server = spawn('taskset', ['-c', '0', process.env.BINARY, 'serve', '--role', 'api', '--config', join(folder, 'civic-os.toml')], {
  cwd: folder,
  env: { PATH: process.env.PATH, HOME: folder },
  stdio: 'ignore',
})

/** Nanoseconds that the server's threads have run. */
async function processorTime() {
  let sum = 0
  for (const task of await readdir(`/proc/${server.pid}/task`)) {
    sum += Number((await readFile(`/proc/${server.pid}/task/${task}/schedstat`, 'utf8')).split(' ')[0])
  }
  return sum
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
function send(authorization, method = 'POST', path = '/nothing') {
  return new Promise((resolve, reject) => {
    const sent = request(
      { agent, port, host: '127.0.0.1', method, path, headers: { Authorization: authorization, 'Content-Length': 0 } },
      (answer) => answer.resume().on('end', () => resolve(answer.statusCode)),
    )
    sent.on('error', reject).end()
  })
}

/** Sends all and returns microseconds of the server for each, and how many a second. */
async function measure(headers) {
  const before = await processorTime()
  const started = process.hrtime.bigint()
  let next = 0
  const statuses = new Set()
  const connection = async () => {
    while (next < headers.length) statuses.add(await send(headers[next++]))
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, connection))
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  return { each: (await processorTime() - before) / 1000 / headers.length, rate: headers.length / seconds, statuses: [...statuses] }
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]

try {
  for (let attempt = 0; ; attempt++) {
    if (await send('Basic x').catch(() => null)) break
    if (attempt > 200) throw new Error('the server does not answer')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const known = Array.from({ length: KNOWN }, token)
  // What is measured is an acceptance: without a database a good token gets no further, and a bad one not that far.
  const [good, bad] = [await send(`Bearer ${known[0]}`, 'GET', '/auth/whoami'), await send(`Bearer ${known[0].slice(0, -8)}AAAAAAAA`, 'GET', '/auth/whoami')]
  if (good === 401 || bad !== 401) throw new Error(`a good token is answered with ${good}, a bad one with ${bad}`)
  const repeated = Array.from({ length: TOKENS }, (_, n) => `Bearer ${known[n % KNOWN]}`)
  const none = repeated.map((header) => header.replace('Bearer', 'Basic'))
  await measure(none)
  await measure(repeated)
  const rounds = []
  for (let round = 1; round <= ROUNDS; round++) {
    const distinct = Array.from({ length: TOKENS }, () => `Bearer ${token()}`)
    const [base, cached, fresh] = [await measure(none), await measure(repeated), await measure(distinct)]
    rounds.push({ cached: cached.each - base.each, fresh: fresh.each - base.each, rate: fresh.rate })
    console.log(
      `round ${round}: ${base.each.toFixed(1)} µs without a token, +${(cached.each - base.each).toFixed(1)} µs cached, ` +
        `+${(fresh.each - base.each).toFixed(1)} µs new, ${fresh.rate.toFixed(0)} distinct tokens/s (answers ${fresh.statuses})`,
    )
  }
  const of = (name) => median(rounds.map((round) => round[name]))
  console.log(
    `median: cached ${of('cached').toFixed(1)} µs (bound ${BOUNDS.cached}), new ${of('fresh').toFixed(1)} µs (bound ${BOUNDS.fresh}), ` +
      `${of('rate').toFixed(0)} distinct tokens/s on one core (bound ${BOUNDS.rate})`,
  )
  process.exitCode = of('cached') < BOUNDS.cached && of('fresh') < BOUNDS.fresh && of('rate') > BOUNDS.rate ? 0 : 1
} finally {
  agent.destroy()
  server.kill('SIGTERM')
  await new Promise((resolve) => server.once('exit', resolve))
  await rm(folder, { recursive: true, force: true })
}
