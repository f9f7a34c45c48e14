// Export and import of a list: the menu, the running export, and the import in steps.

import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { MenuButton } from '~/components/menu-button'
import { announce } from '~/lib/announce'
import { flash } from '~/lib/flash'
import { t } from '~/lib/i18n/t'
import type { Entity } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { describeProblem } from '~/lib/problem'
import { EXPORT_LIMIT, type Matching, readAll, saveAs, toCsv, writeWorkbook } from './exchange'
import { tx } from './texts'

const ImportDialog = lazy(() => import('./import-dialog'))

interface ExchangeMenuProps {
  entity: Entity
  matching: Matching
  total: number | undefined
  signedIn: boolean
}

export default function ExchangeMenu({ entity, matching, total, signedIn }: ExchangeMenuProps) {
  const [open, setOpen] = useState<'xlsx' | 'csv' | 'import' | null>(null)
  const start = (format: 'xlsx' | 'csv') => {
    if ((total ?? 0) > EXPORT_LIMIT) {
      flash({ kind: 'warning', text: tx('export.tooMany', { n: total ?? 0, limit: EXPORT_LIMIT }) }, 'here')
    } else setOpen(format)
  }
  return (
    <>
      <MenuButton
        label={tx('menu.label')}
        icon="dots"
        iconOnly
        groups={[
          {
            items: [
              // The server translates files for people who are signed in.
              ...(signedIn
                ? [{ key: 'xlsx', label: tx('menu.xlsx'), icon: 'table' as const, onSelect: () => start('xlsx') }]
                : []),
              { key: 'csv', label: tx('menu.csv'), icon: 'list' as const, onSelect: () => start('csv') },
              ...(signedIn && entity.can.create
                ? [
                    {
                      key: 'import',
                      label: tx('menu.import'),
                      icon: 'plus' as const,
                      onSelect: () => setOpen('import'),
                    },
                  ]
                : []),
            ],
          },
        ]}
      />
      {open === 'import' ? (
        <Suspense>
          <ImportDialog entity={entity} onClose={() => setOpen(null)} />
        </Suspense>
      ) : open ? (
        <ExportDialog entity={entity} matching={matching} format={open} onClose={() => setOpen(null)} />
      ) : null}
    </>
  )
}

interface ExportDialogProps {
  entity: Entity
  matching: Matching
  format: 'xlsx' | 'csv'
  onClose: () => void
}

function fileName(entity: Entity, format: string): string {
  const stamp = new Date().toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '')
  return `${entity.plural.replace(/[\\/:*?"<>|]/g, ' ').trim()}_${stamp}.${format}`
}

function ExportDialog({ entity, matching, format, onClose }: ExportDialogProps) {
  const model = useModel()
  const [progress, setProgress] = useState<{ done: number; total: number } | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const started = useRef<AbortController | null>(null)
  const close = useRef(onClose)
  close.current = onClose
  // biome-ignore lint/correctness/useExhaustiveDependencies: the export that was asked for, once
  useEffect(() => {
    const controller = new AbortController()
    started.current = controller
    const run = async () => {
      const rows = await readAll(model, entity, matching, controller.signal, (done, total) =>
        setProgress({ done, total }),
      )
      const blob =
        format === 'csv'
          ? new Blob([toCsv(rows)], { type: 'text/csv' })
          : await writeWorkbook([{ name: entity.plural, rows, headings: 1 }], controller.signal)
      saveAs(blob, fileName(entity, format))
      announce(tx('export.done', { n: rows.length - 1 }))
      flash({ kind: 'success', text: tx('export.done', { n: rows.length - 1 }) }, 'here')
      close.current()
    }
    run().catch((error: unknown) => {
      if (!controller.signal.aborted) setProblem(describeProblem(error, { attempt: 'read' }).text)
    })
    return () => controller.abort()
  }, [])
  const complete = progress !== null && progress.done >= progress.total
  return (
    <Dialog
      title={tx('export.title', { name: entity.plural })}
      onClose={onClose}
      actions={<Button onClick={onClose}>{t(problem ? 'app.close' : 'app.cancel')}</Button>}
    >
      {problem ? (
        <Banner kind="error" urgent title={tx('export.failed')}>
          {problem}
        </Banner>
      ) : (
        <div className="co-stack">
          <progress
            className="co-progress-bar"
            max={progress?.total || 1}
            value={progress?.done}
            aria-label={tx('export.title', { name: entity.plural })}
          />
          <p role="status">
            {complete
              ? tx('export.writing')
              : progress
                ? tx('export.progress', { n: progress.done, of: progress.total })
                : t('app.loading')}
          </p>
        </div>
      )}
    </Dialog>
  )
}
