// A file: its preview or icon, name and size; pictures and PDFs open in a viewer, others are links.

import { lazy, Suspense, useState } from 'react'
import { Icon } from '~/components/icon'
import { useFileAddresses } from '~/lib/files'
import { showFileSize } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import type { DisplayProps } from './kinds'
import { tx } from './texts'

const FileViewer = lazy(() => import('./file-viewer'))

export interface StoredFile {
  id: string
  name: string
  type: string
  size: number | null
  original: string
  medium: string | null
  large: string | null
  state: string
}

export function readFile(value: unknown): StoredFile | null {
  if (typeof value !== 'object' || value === null) return null
  const row = value as Record<string, unknown>
  if (row.id === undefined) return null
  const text = (member: unknown) => (typeof member === 'string' && member !== '' ? member : null)
  return {
    id: String(row.id),
    name: text(row.file_name) ?? String(row.id),
    type: text(row.file_type) ?? '',
    size: typeof row.file_size === 'number' ? row.file_size : null,
    original: text(row.s3_original_key) ?? '',
    medium: text(row.s3_thumbnail_medium_key),
    large: text(row.s3_thumbnail_large_key),
    state: text(row.thumbnail_status) ?? '',
  }
}

const opens = (file: StoredFile) => file.type.startsWith('image/') || file.type === 'application/pdf'

export function Thumbnail({ file, size = 128 }: { file: StoredFile; size?: number }) {
  const [broken, setBroken] = useState(false)
  const { medium } = useFileAddresses(file)
  if (medium && !broken) {
    return (
      <img
        className="co-thumbnail"
        src={medium}
        alt=""
        width={size}
        height={size}
        loading="lazy"
        onError={() => setBroken(true)}
      />
    )
  }
  return <Icon name="file" size={24} />
}

export function FileDisplay({ property, value, place }: DisplayProps) {
  const file = readFile(value)
  if (!file) return <span>{t('value.hiddenFile')}</span>
  if (place === 'cell' || place === 'card') {
    return (
      <span className="co-row co-nowrap co-tight">
        <Icon name="file" size={16} />
        <FileFacts file={file} />
      </span>
    )
  }
  return <FileWithPreview file={file} label={property.label} />
}

function FileFacts({ file }: { file: StoredFile }) {
  return (
    <>
      <span dir="auto" className="co-file-name">
        {file.name}
      </span>
      <span className="co-muted co-small">{file.size === null ? '' : showFileSize(file.size)}</span>
    </>
  )
}

function FileWithPreview({ file, label }: { file: StoredFile; label: string }) {
  const [open, setOpen] = useState(false)
  const { original } = useFileAddresses(file)
  const waiting = file.state === 'pending' || file.state === 'processing'
  return (
    <span className="co-row">
      {opens(file) ? (
        <button type="button" className="co-file-open" onClick={() => setOpen(true)}>
          <Thumbnail file={file} />
          <span className="co-hidden">{tx('file.open', { label, name: file.name })}</span>
        </button>
      ) : null}
      <span className="co-stack co-tight">
        {opens(file) || !original ? (
          <FileFacts file={file} />
        ) : (
          <a href={original} target="_blank" rel="noopener" className="co-row co-tight">
            <Icon name="file" size={16} />
            <FileFacts file={file} />
          </a>
        )}
        {waiting ? <span className="co-muted co-small">{tx('file.previewSoon')}</span> : null}
        {file.state === 'failed' ? <span className="co-muted co-small">{tx('file.noPreview')}</span> : null}
      </span>
      {open ? (
        <Suspense>
          <FileViewer files={[file]} start={0} onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </span>
  )
}
