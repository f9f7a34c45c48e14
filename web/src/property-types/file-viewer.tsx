// Pictures and PDFs large: fitted or in actual size, one after the other, to download.

import { useState } from 'react'
import { Button, buttonClass } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { Icon } from '~/components/icon'
import { useFileAddresses } from '~/lib/files'
import { t } from '~/lib/i18n/t'
import type { StoredFile } from './file-display'
import { tx } from './texts'

interface FileViewerProps {
  files: readonly StoredFile[]
  start: number
  onClose: () => void
}

/** The browser saves instead of showing: a store elsewhere does not say so itself. */
async function download(file: StoredFile, address: string): Promise<void> {
  const answer = await fetch(address, { credentials: 'omit' }).catch(() => null)
  const link = document.createElement('a')
  link.download = file.name
  link.href = answer?.ok ? URL.createObjectURL(await answer.blob()) : address
  link.click()
  if (link.href.startsWith('blob:')) setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

export default function FileViewer(props: FileViewerProps) {
  const [at, setAt] = useState(props.start)
  const file = props.files[at]
  return file ? <Shown {...props} key={file.id} file={file} at={at} onMove={setAt} /> : null
}

interface ShownProps extends FileViewerProps {
  file: StoredFile
  at: number
  onMove: (at: number) => void
}

function Shown({ files, file, at, onMove, onClose }: ShownProps) {
  const [actual, setActual] = useState(false)
  const [broken, setBroken] = useState(false)
  const { original, large } = useFileAddresses(file)
  const picture = file.type.startsWith('image/')
  const address = actual || !large ? original : large
  const go = (step: number) => onMove((at + step + files.length) % files.length)
  return (
    <Dialog
      title={file.name}
      onClose={onClose}
      wide
      actions={
        <>
          <Button look="primary" onClick={() => void download(file, original)}>
            {tx('file.download')}
          </Button>
          <a href={original} target="_blank" rel="noopener" className={buttonClass()}>
            <Icon name="link" />
            {tx('file.newTab')}
          </a>
          {picture ? (
            <Button aria-pressed={actual} onClick={() => setActual(!actual)}>
              {tx('file.actual')}
            </Button>
          ) : null}
        </>
      }
    >
      <div className="co-stack">
        {broken ? (
          <p role="alert">{tx('file.broken')}</p>
        ) : picture ? (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
          <section className={actual ? 'co-viewer co-viewer-actual' : 'co-viewer'} tabIndex={0} aria-label={file.name}>
            {address ? <img src={address} alt={file.name} onError={() => setBroken(true)} /> : null}
          </section>
        ) : (
          <iframe className="co-viewer-pdf" src={original || undefined} title={file.name} />
        )}
        {files.length > 1 ? (
          <div className="co-spread">
            <Button icon="chevronLeft" onClick={() => go(-1)}>
              {tx('file.previous')}
            </Button>
            <span role="status" className="co-numbers">
              {tx('file.position', { n: at + 1, of: files.length })}
            </span>
            <Button icon="chevronRight" onClick={() => go(1)}>
              {tx('file.next')}
            </Button>
          </div>
        ) : null}
        <p className="co-hidden">{t('app.close')}</p>
      </div>
    </Dialog>
  )
}
