// Addresses of uploaded files: path-style, in the configured bucket, as the original client builds them.

import { runtimeConfig } from '~/config/runtime'

/** Address of an object; empty where no store is configured. */
export function fileUrl(key: string): string {
  const { endpoint, bucket } = runtimeConfig.s3
  return endpoint ? `${endpoint}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}` : ''
}
