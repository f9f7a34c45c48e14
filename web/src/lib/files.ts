// Addresses of uploaded files. Public objects: path-style in the configured bucket, as the original
// client builds them. Private ones: signed for this person, asked for per file and good for a while.

import { useQuery } from '@tanstack/react-query'
import { runtimeConfig } from '~/config/runtime'
import { askServer } from './postgrest/client'

/** Keys of a file's objects, as its row has them. */
export interface FileKeys {
  id: string
  original: string
  medium: string | null
  large: string | null
}

/** Where its objects can be read; empty texts where they cannot. */
export interface FileAddresses {
  original: string
  medium: string
  large: string
}

const NONE: FileAddresses = { original: '', medium: '', large: '' }
/** Addresses are signed for 15 minutes; they are asked for anew before. */
const FRESH_MS = 10 * 60_000

/** Address of a public object; empty where no store is configured. */
function publicUrl(key: string | null): string {
  const { endpoint, bucket } = runtimeConfig.s3
  return endpoint && key ? `${endpoint}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}` : ''
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : '')

async function signedAddresses(id: string, signal: AbortSignal): Promise<FileAddresses> {
  const answer = await askServer(`/files/${encodeURIComponent(id)}/addresses`, { signal })
  const given = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<string, unknown>
  return { original: asText(given.original), medium: asText(given.medium), large: asText(given.large) }
}

/** Addresses of a file's objects; a file that this person may not read has none. */
export function useFileAddresses(file: FileKeys): FileAddresses {
  const signed = useQuery({
    // The keys are part of it: previews appear a moment after the file.
    queryKey: ['file-addresses', file.id, file.medium],
    queryFn: ({ signal }) => signedAddresses(file.id, signal),
    enabled: runtimeConfig.s3.private && file.id !== '',
    staleTime: FRESH_MS,
    refetchInterval: FRESH_MS,
    retry: false,
  })
  if (runtimeConfig.s3.private) return signed.data ?? NONE
  return { original: publicUrl(file.original), medium: publicUrl(file.medium), large: publicUrl(file.large) }
}
