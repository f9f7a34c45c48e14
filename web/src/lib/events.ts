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
let running: AbortController | null = null
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

async function listen(signal: AbortSignal): Promise<boolean> {
  const body = await openStream('/events', signal)
  if (!body) return false
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return true
    const blocks = (rest + value).replaceAll('\r\n', '\n').split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const event = readBlock(block)
      if (event) for (const listener of listeners) listener(event)
    }
  }
}

async function keepListening(controller: AbortController): Promise<void> {
  let pause = FIRST_PAUSE_MS
  while (!controller.signal.aborted) {
    const began = Date.now()
    const there = await listen(controller.signal).catch(() => true)
    if (!there) return
    pause = Date.now() - began > LONGEST_PAUSE_MS ? FIRST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

/** Calls `listener` for each event until the returned function is called. */
export function onServerEvent(listener: Listener): () => void {
  listeners.add(listener)
  if (!running) {
    running = new AbortController()
    void keepListening(running)
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) {
      running?.abort()
      running = null
    }
  }
}
