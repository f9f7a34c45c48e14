// Which columns a list shows (kept in the address bar, so that a link carries them) and how tall its
// rows are (kept in this browser).

import { useState } from 'react'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { t } from '~/lib/i18n/t'
import type { Property } from '~/lib/metadata/model'

interface ColumnsDialogProps {
  properties: readonly Property[]
  shown: readonly string[]
  compact: boolean
  /** Undefined columns: those of the metadata again. */
  onApply: (columns: readonly string[] | undefined, compact: boolean) => void
  onClose: () => void
}

export function ColumnsDialog({ properties, shown, compact, onApply, onClose }: ColumnsDialogProps) {
  const [chosen, setChosen] = useState(shown)
  const [tight, setTight] = useState(compact)
  const apply = (columns: readonly string[] | undefined) => {
    onApply(columns, tight)
    onClose()
  }
  return (
    <Dialog
      title={t('columns.title')}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" onClick={() => chosen.length > 0 && apply(chosen)} aria-disabled={chosen.length === 0}>
            {t('columns.apply')}
          </Button>
          <Button onClick={() => apply(undefined)}>{t('columns.reset')}</Button>
        </>
      }
    >
      <div className="co-stack">
        <fieldset>
          <legend className="co-filter-legend">{t('list.columns')}</legend>
          {properties.map((property) => (
            <label key={property.column} className="co-check-row">
              <input
                type="checkbox"
                className="co-check"
                checked={chosen.includes(property.column)}
                onChange={(event) =>
                  setChosen(
                    event.target.checked
                      ? [...chosen, property.column]
                      : chosen.filter((column) => column !== property.column),
                  )
                }
              />
              <span dir="auto">{property.label}</span>
            </label>
          ))}
        </fieldset>
        {chosen.length === 0 ? <p role="alert">{t('columns.atLeastOne')}</p> : null}
        <label className="co-check-row">
          <input
            type="checkbox"
            className="co-check"
            checked={tight}
            onChange={(event) => setTight(event.target.checked)}
          />
          {t('list.density')}
        </label>
      </div>
    </Dialog>
  )
}
