// The records linked through a link table: shown as chips, and edited as a set of check boxes or,
// for large tables, by searching. Additions and removals are sent one by one; what failed is named.

import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Combobox } from '~/components/combobox'
import { Loading } from '~/components/loading'
import { announce } from '~/lib/announce'
import { t } from '~/lib/i18n/t'
import type { ManyToMany, Property } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { type Choice, choiceSource, choicesQuery, SELECT_LIMIT, searchChoices } from '~/lib/metadata/queries'
import { deleteRows, insertRow, type WireRow } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'
import { describeProblem, type Problem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { linkedRecords } from '~/property-types/linked-records'
import { PropertyValue } from '~/property-types/property-value'

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
  const junction = model.entity(link.junction)
  const permitted = junction?.can.create === true && junction.can.delete
  return (
    <section className="co-card co-stack co-stack-tight" aria-labelledby={headingId}>
      <div className="co-spread">
        <h2 id={headingId} className="co-h3" dir="auto">
          {property.label}
        </h2>
        {permitted && !editing ? (
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
    </section>
  )
}

/** Runs all changes, also after one failed, and reports the failures. */
async function apply(link: ManyToMany, id: string, added: readonly string[], removed: readonly string[]) {
  const wire = (key: string) => (/^\d{1,15}$/.test(key) ? Number(key) : key)
  const results = await Promise.allSettled([
    ...added.map((target) =>
      insertRow(link.junction, { [link.sourceColumn]: wire(id), [link.targetColumn]: wire(target) }, false),
    ),
    ...removed.map((target) =>
      deleteRows(link.junction, [eq(link.sourceColumn, id), eq(link.targetColumn, target)], link.targetColumn),
    ),
  ])
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
}

function LinksEditor({ property, link, id, record, onClose }: LinksEditorProps & { onClose: () => void }) {
  const model = useModel()
  const searchId = useId()
  const before = linkedRecords(record[property.column], link.target)
  const [selected, setSelected] = useState<readonly Choice[]>(
    before.map((linked) => ({ id: String(linked.id), label: String(linked.display_name ?? linked.id) })),
  )
  const [find, setFind] = useState('')
  const [saving, setSaving] = useState(false)
  const [failure, setFailure] = useState<{ problem: Problem; count: number; of: number } | null>(null)
  const source = choiceSource(model, {
    type: 'ForeignKeyName',
    ref: { schema: 'public', table: link.target, column: 'id' },
  })
  const choices = useQuery({
    ...choicesQuery(source ?? { table: '', idColumn: '', labelColumns: [] }),
    enabled: source !== null,
  })
  const large = (choices.data?.length ?? 0) > SELECT_LIMIT
  const old = before.map((linked) => String(linked.id))
  const now = selected.map((choice) => choice.id)
  const added = now.filter((key) => !old.includes(key))
  const removed = old.filter((key) => !now.includes(key))

  const toggle = (choice: Choice, on: boolean) =>
    setSelected((all) => [...all.filter((other) => other.id !== choice.id), ...(on ? [choice] : [])])

  async function save() {
    if (saving) return
    setSaving(true)
    const failures = await apply(link, id, added, removed)
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

  if (choices.isPending) return <Loading lines={3} />
  const shown = large
    ? selected
    : (choices.data ?? []).filter((choice) => choice.label.toLocaleLowerCase().includes(find.toLocaleLowerCase()))
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
      {large && source ? (
        <Combobox
          id={searchId}
          label={t('filter.find', { label: property.label })}
          selected={null}
          adding
          clearable={false}
          search={(term, limit, signal) => searchChoices(source, term, limit, signal)}
          onSelect={(option) => option && toggle(option, true)}
        />
      ) : (choices.data?.length ?? 0) > 10 ? (
        <label className="co-bound" htmlFor={searchId}>
          <span className="co-small">{t('filter.find', { label: property.label })}</span>
          <input
            id={searchId}
            type="search"
            className="co-input co-input-medium"
            value={find}
            onChange={(event) => setFind(event.target.value)}
          />
        </label>
      ) : null}
      <ul className="co-check-list" aria-label={property.label}>
        {shown.map((choice) => (
          <li key={choice.id}>
            <label className="co-check-row">
              <input
                type="checkbox"
                className="co-check"
                checked={now.includes(choice.id)}
                onChange={(event) => toggle(choice, event.target.checked)}
              />
              <span dir="auto">{choice.label}</span>
            </label>
          </li>
        ))}
      </ul>
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
