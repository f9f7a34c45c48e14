// The records linked through a link table: shown as chips, and edited as a set of check boxes or,
// for large tables, by searching. Additions and removals are sent one by one; what failed is named.

import { useId, useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { announce } from '~/lib/announce'
import { useSession } from '~/lib/auth/session'
import { t } from '~/lib/i18n/t'
import type { ManyToMany, Property } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import type { Choice } from '~/lib/metadata/queries'
import type { WireRow } from '~/lib/postgrest/client'
import { describeProblem, type Problem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { linkedRecords } from '~/property-types/linked-records'
import { PropertyValue } from '~/property-types/property-value'
import { LinkPicker } from '~/records/link-picker'
import { changeLinks } from '~/records/links'
import { linksNote } from './links-note'
import { tx } from './texts'

interface LinksEditorProps {
  property: Property
  link: ManyToMany
  id: string
  record: WireRow
}

export function LinksSection({ property, link, id, record }: LinksEditorProps) {
  const model = useModel()
  const headingId = useId()
  const [editing, setEditing] = useState(false)
  const session = useSession()
  const junction = model.entity(link.junction)
  const note = linksNote(junction?.can, session.state === 'signed-in')
  return (
    <section className="co-card co-stack co-stack-tight" aria-labelledby={headingId}>
      <div className="co-spread">
        <h2 id={headingId} className="co-h3" dir="auto">
          {property.label}
        </h2>
        {note === null && !editing ? (
          <Button look="quiet" icon="edit" className="co-no-print" onClick={() => setEditing(true)}>
            {t('links.edit', { name: property.label })}
          </Button>
        ) : null}
      </div>
      {editing ? (
        <LinksEditor property={property} link={link} id={id} record={record} onClose={() => setEditing(false)} />
      ) : (
        <PropertyValue property={property} value={record[property.column] ?? []} place="detail" />
      )}
      {note ? (
        <p className="co-muted co-small co-no-print">{tx(note, { name: junction?.plural ?? link.junction })}</p>
      ) : null}
    </section>
  )
}

function LinksEditor({ property, link, id, record, onClose }: LinksEditorProps & { onClose: () => void }) {
  const before = linkedRecords(record[property.column], link.target)
  const [selected, setSelected] = useState<readonly Choice[]>(
    before.map((linked) => ({ id: String(linked.id), label: String(linked.display_name ?? linked.id) })),
  )
  const [saving, setSaving] = useState(false)
  const [failure, setFailure] = useState<{ problem: Problem; count: number; of: number } | null>(null)
  const old = before.map((linked) => String(linked.id))
  const now = selected.map((choice) => choice.id)
  const added = now.filter((key) => !old.includes(key))
  const removed = old.filter((key) => !now.includes(key))

  async function save() {
    if (saving) return
    setSaving(true)
    const failures = await changeLinks(link, id, added, removed)
    await queryClient.invalidateQueries({ queryKey: ['record'] })
    void queryClient.invalidateQueries({ queryKey: ['rows'] })
    setSaving(false)
    const [first] = failures
    if (first === undefined) {
      announce(t('links.saved', { name: property.label }))
      onClose()
      return
    }
    setFailure({
      problem: describeProblem(first, { attempt: 'update' }),
      count: failures.length,
      of: added.length + removed.length,
    })
  }

  return (
    <div className="co-stack co-stack-tight">
      {failure ? (
        <Banner
          kind="error"
          urgent
          title={t('links.failed', { n: failure.count, of: failure.of })}
          facts={failure.problem.facts}
        >
          {failure.problem.text}
        </Banner>
      ) : null}
      <LinkPicker target={link.target} label={property.label} selected={selected} onChange={setSelected} />
      <p role="status" className="co-muted co-small">
        {t('links.pending', { selected: now.length, added: added.length, removed: removed.length })}
      </p>
      <div className="co-row">
        <Button look="primary" waiting={saving} onClick={() => void save()}>
          {saving ? t('form.saving') : t('form.save')}
        </Button>
        <Button look="quiet" onClick={onClose}>
          {t('app.cancel')}
        </Button>
      </div>
    </div>
  )
}
