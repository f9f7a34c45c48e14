// One upload in the order the API asks for: request an address, wait for it, send the bytes to the
// store, register the file. How many are under way is known to forms, which wait for them.

import { useSyncExternalStore } from 'react'
import { callRpc, insertRow, readRows, type WireRow } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'

export type UploadPhase = 'preparing' | 'sending' | 'checking'

export interface UploadProgress {
  phase: UploadPhase
  /** 0–100 while sending. */
  percent: number
}

/** Why there is no upload: the server's sentence for people, or the store's status, or no answer. */
export class UploadError extends Error {
  readonly why: 'refused' | 'store' | 'network'
  constructor(message: string, why: UploadError['why']) {
    super(message)
    this.name = 'UploadError'
    this.why = why
  }
}

let running = 0
const listeners = new Set<() => void>()
function count(change: 1 | -1): void {
  running += change
  for (const listener of listeners) listener()
}

export const useRunningUploads = (): number =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => running,
  )

const POLL_MS = 500
const POLLS = 40

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })

async function waitForAddress(request: string, signal: AbortSignal): Promise<{ url: string; id: string }> {
  for (let poll = 0; poll < POLLS; poll++) {
    const answer = await callRpc('get_upload_url', { p_request_id: request }, signal)
    const [row] = Array.isArray(answer) ? (answer as WireRow[]) : []
    if (row?.status === 'completed' && row.url) return { url: String(row.url), id: String(row.file_id) }
    if (row?.status === 'failed') throw new UploadError(String(row.error ?? ''), 'refused')
    await pause(POLL_MS, signal)
  }
  throw new UploadError('', 'network')
}

function send(url: string, file: File, signal: AbortSignal, onPercent: (percent: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', url)
    request.setRequestHeader('Content-Type', file.type || 'application/octet-stream')
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onPercent(Math.round((event.loaded / event.total) * 100))
    }
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve()
      else reject(new UploadError(`HTTP ${request.status}`, 'store'))
    }
    request.onerror = () => reject(new UploadError('', 'network'))
    request.onabort = () => reject(signal.reason)
    signal.addEventListener('abort', () => request.abort())
    request.send(file)
  })
}

/** Bucket and key out of a path-style address. */
export function placeOf(url: string): { bucket: string; key: string } {
  const [, bucket = '', ...key] = new URL(url, globalThis.location?.origin).pathname.split('/')
  return { bucket: decodeURIComponent(bucket), key: key.map(decodeURIComponent).join('/') }
}

/** Uploads and registers a file; the registered row. */
export async function uploadFile(
  file: File,
  owner: { entity: string; id: string; property: string },
  signal: AbortSignal,
  onProgress: (progress: UploadProgress) => void,
): Promise<WireRow> {
  const type = file.type || 'application/octet-stream'
  count(1)
  try {
    onProgress({ phase: 'preparing', percent: 0 })
    const request = await callRpc(
      'request_upload',
      {
        p_entity_type: owner.entity,
        p_entity_id: owner.id,
        p_file_name: file.name,
        p_file_type: type,
        p_file_size: file.size,
        p_property: owner.property,
      },
      signal,
    )
    const { url, id } = await waitForAddress(String(request), signal)
    await send(url, file, signal, (percent) => onProgress({ phase: 'sending', percent }))
    onProgress({ phase: 'checking', percent: 100 })
    const { bucket, key } = placeOf(url)
    const previewed = type.startsWith('image/') || type === 'application/pdf'
    const row = await insertRow(
      'files',
      {
        id,
        entity_type: owner.entity,
        entity_id: owner.id,
        file_name: file.name,
        file_type: type,
        file_size: file.size,
        s3_bucket: bucket,
        s3_original_key: key,
        thumbnail_status: previewed ? 'pending' : 'not_applicable',
      },
      true,
    )
    return row ?? { id }
  } finally {
    count(-1)
  }
}

const THUMBNAIL_MS = 1000
const THUMBNAIL_LOOKS = 30

/** The file once its preview is made, or after half a minute as it is. */
export async function withPreview(id: string, signal: AbortSignal): Promise<WireRow | null> {
  let row: WireRow | undefined
  for (let look = 0; look < THUMBNAIL_LOOKS; look++) {
    row = (await readRows({ table: 'files', select: ['*'], conditions: [eq('id', id)], limit: 1 }, signal))[0]
    if (!row || !['pending', 'processing'].includes(String(row.thumbnail_status))) break
    await pause(THUMBNAIL_MS, signal)
  }
  return row ?? null
}
