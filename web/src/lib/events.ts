// News from the server as they happen: one stream for the whole page, shared by whoever listens.
// Where there is none (404, a proxy that cuts it) listeners simply hear nothing; lists and the bell
// ask from time to time anyway.

import { openStream } from '~/lib/postgrest/client'

export interface ServerEvent {
  name: string
  data: Readonly<Record<string, unknown>>
}

type Listener = (event: ServerEvent) => void

const listeners = new Set<Listener>()
/** Tables whose changes are asked for, with the number of those who ask. */
const wanted = new Map<string, number>()
let running: AbortController | null = null
/** The connection that is open, and the tables it was opened for. */
let connection: { controller: AbortController; tables: readonly string[] } | null = null
/** Where to go on after a break. */
let lastId: string | null = null
const FIRST_PAUSE_MS = 2000
const LONGEST_PAUSE_MS = 60_000

/** One block of an event stream; null for comments. */
export function readBlock(block: string): ServerEvent | null {
  let name = ''
  const data: string[] = []
  for (const line of block.split('\n')) {
    const [field = '', ...rest] = line.split(':')
    const value = rest.join(':').replace(/^ /, '')
    if (field === 'event') name = value
    else if (field === 'data') data.push(value)
  }
  if (data.length === 0) return null
  try {
    const parsed: unknown = JSON.parse(data.join('\n'))
    const members = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
    return { name: name || String(members.event ?? 'message'), data: members }
  } catch {
    return null
  }
}

/** The address of the stream; the server tells of changes only for tables that are named. */
export function streamAddress(tables: readonly string[]): string {
  return tables.length > 0 ? `/events?tables=${tables.map(encodeURIComponent).join(',')}` : '/events'
}

async function listen(signal: AbortSignal, tables: readonly string[]): Promise<boolean> {
  const body = await openStream(streamAddress(tables), signal, lastId)
  if (!body) return false
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return true
    const blocks = (rest + value).replaceAll('\r\n', '\n').split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      lastId = /^id: ?(.+)$/m.exec(block)?.[1] ?? lastId
      const event = readBlock(block)
      if (event) for (const listener of listeners) listener(event)
    }
  }
}

async function keepListening(signal: AbortSignal): Promise<void> {
  let pause = FIRST_PAUSE_MS
  while (!signal.aborted) {
    const began = Date.now()
    const controller = new AbortController()
    const tables = [...wanted.keys()].sort()
    connection = { controller, tables }
    const there = await listen(AbortSignal.any([signal, controller.signal]), tables).catch(() => true)
    if (!there) return
    // Ended by us, because another table is asked for: at once again.
    if (controller.signal.aborted) continue
    pause = Date.now() - began > LONGEST_PAUSE_MS ? FIRST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

/** Calls `listener` for each event, changes of `table` among them, until the returned function is called. */
export function onServerEvent(listener: Listener, table?: string): () => void {
  listeners.add(listener)
  if (table) wanted.set(table, (wanted.get(table) ?? 0) + 1)
  if (!running) {
    running = new AbortController()
    void keepListening(running.signal)
  } else if (table && !connection?.tables.includes(table)) {
    connection?.controller.abort()
  }
  return () => {
    listeners.delete(listener)
    const left = table ? (wanted.get(table) ?? 1) - 1 : 0
    if (table && left > 0) wanted.set(table, left)
    else if (table) wanted.delete(table)
    if (listeners.size === 0) {
      running?.abort()
      running = null
    }
  }
}
