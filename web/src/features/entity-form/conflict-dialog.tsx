// Somebody else saved the record first (412): what both changed is shown side by side, everything
// else is merged without asking. Nothing typed is lost whatever is chosen.

import { useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import type { Property } from '~/lib/metadata/model'
import type { WireRow } from '~/lib/postgrest/client'
import type { Drafts } from '~/property-types/form-state'
import type { Draft } from '~/property-types/kinds'
import { PropertyValue } from '~/property-types/property-value'
import { kinds } from '~/property-types/registry'
import { type Merge, mergedDrafts } from './merge'
import { tx } from './texts'

interface ConflictDialogProps {
  /** Null when the record is gone. */
  theirs: { row: WireRow; drafts: Drafts; merge: Merge } | null
  base: WireRow
  mine: Drafts
  /** Name of who changed it, where the table keeps it. */
  who: string | null
  saving: boolean
  onSave: (merged: Drafts) => void
  onAgain: (() => void) | null
  onBack: () => void
  onDiscard: () => void
}

/** A draft as the API would give it back. */
function Shown({ property, draft }: { property: Property; draft: Draft }) {
  const empty = draft === undefined || draft === null || draft === ''
  const value = empty ? null : kinds[property.type].toWire(draft, property)
  return <PropertyValue property={property} value={value} place="form" />
}

export default function ConflictDialog(props: ConflictDialogProps) {
  const { theirs, base, mine, who, saving, onSave, onAgain, onBack, onDiscard } = props
  const [choices, setChoices] = useState<Readonly<Record<string, 'mine' | 'theirs'>>>({})
  const [asked, setAsked] = useState(false)
  if (!theirs) {
    return (
      <Dialog
        title={tx('conflict.deletedTitle')}
        onClose={onBack}
        actions={
          <>
            {onAgain ? (
              <Button look="primary" waiting={saving} onClick={onAgain}>
                {tx('conflict.again')}
              </Button>
            ) : null}
            <Button onClick={onBack}>{tx('conflict.back')}</Button>
            <Button look="quiet" onClick={onDiscard}>
              {tx('conflict.discard')}
            </Button>
          </>
        }
      >
        <p>{tx('conflict.deletedText')}</p>
      </Dialog>
    )
  }
  const { merge } = theirs
  const missing = merge.conflicts.filter((property) => choices[property.column] === undefined)
  const save = () => {
    setAsked(true)
    if (missing.length > 0) return
    const keep = new Set(Object.keys(choices).filter((column) => choices[column] === 'mine'))
    onSave(mergedDrafts(merge, mine, theirs.drafts, keep))
  }
  return (
    <Dialog
      title={tx('conflict.title', { who: who ?? tx('conflict.someone') })}
      onClose={onBack}
      locked={saving}
      wide
      actions={
        <>
          <Button look="primary" waiting={saving} onClick={save}>
            {tx('conflict.save')}
          </Button>
          <Button onClick={onBack}>{tx('conflict.back')}</Button>
          <Button look="quiet" onClick={onDiscard}>
            {tx('conflict.discard')}
          </Button>
        </>
      }
    >
      <div className="co-stack">
        <p>{tx(merge.conflicts.length > 0 ? 'conflict.safe' : 'conflict.nothing')}</p>
        {asked && missing.length > 0 ? (
          <Banner kind="error" urgent>
            {missing.map((property) => tx('conflict.choose', { label: property.label })).join(' ')}
          </Banner>
        ) : null}
        {merge.conflicts.map((property) => (
          <fieldset key={property.column} className="co-card">
            <legend className="co-field-label">{property.label}</legend>
            <p className="co-field-note">
              {tx('conflict.before')}: <PropertyValue property={property} value={base[property.column]} place="form" />
            </p>
            {(['mine', 'theirs'] as const).map((side) => (
              <label key={side} className="co-check-row co-conflict-choice">
                <input
                  type="radio"
                  className="co-check"
                  name={`conflict-${property.column}`}
                  checked={choices[property.column] === side}
                  onChange={() => setChoices((all) => ({ ...all, [property.column]: side }))}
                />
                <span>
                  <strong>{tx(side === 'mine' ? 'conflict.mine' : 'conflict.theirs')}: </strong>
                  <Shown
                    property={property}
                    draft={side === 'mine' ? mine[property.column] : theirs.drafts[property.column]}
                  />
                </span>
              </label>
            ))}
          </fieldset>
        ))}
        {merge.mine.length > 0 ? (
          <section className="co-stack co-stack-tight">
            <h3>{tx('conflict.keptMine')}</h3>
            <dl className="co-conflict-list">
              {merge.mine.map((property) => (
                <div key={property.column}>
                  <dt>{property.label}</dt>
                  <dd>
                    <Shown property={property} draft={mine[property.column]} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ) : null}
        {merge.theirs.length > 0 ? (
          <details>
            <summary>{tx('conflict.taken', { n: merge.theirs.length })}</summary>
            <dl className="co-conflict-list">
              {merge.theirs.map((property) => (
                <div key={property.column}>
                  <dt>{property.label}</dt>
                  <dd>
                    <Shown property={property} draft={theirs.drafts[property.column]} />
                  </dd>
                </div>
              ))}
            </dl>
          </details>
        ) : null}
      </div>
    </Dialog>
  )
}
