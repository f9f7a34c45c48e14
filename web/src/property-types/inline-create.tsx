// Adds a related record without leaving the form: the same fields and checks as its own page.

import { type FormEvent, useState } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { announce } from '~/lib/announce'
import { t } from '~/lib/i18n/t'
import { type Entity, formProperties } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { messagesFor } from '~/lib/metadata/queries'
import { insertRow } from '~/lib/postgrest/client'
import { describeProblem, type Problem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { createBody, type Drafts, startCreate } from './form-state'
import { PropertyField } from './property-field'
import { kinds } from './registry'
import { tx } from './texts'
import { checkDraft, isRequired } from './validate'

interface InlineCreateProps {
  entity: Entity
  /** Column of the new record that the reference keeps. */
  keyColumn: string
  onCreated: (key: string) => void
  onClose: () => void
}

export default function InlineCreate({ entity, keyColumn, onCreated, onClose }: InlineCreateProps) {
  const model = useModel()
  const properties = formProperties(model, entity.key, 'create').filter((property) => kinds[property.type].Field)
  const [drafts, setDrafts] = useState<Drafts>(() => startCreate(properties, {}))
  const [tried, setTried] = useState(false)
  const [saving, setSaving] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const errorOf = (column: string) => {
    const property = properties.find((candidate) => candidate.column === column)
    if (problem?.column === column) return problem.text
    return tried && property ? checkDraft(property, drafts[column], 'create') : undefined
  }

  async function save() {
    setTried(true)
    setProblem(null)
    if (saving || properties.some((property) => checkDraft(property, drafts[property.column], 'create'))) return
    setSaving(true)
    try {
      const row = await insertRow(entity.key, createBody(properties, drafts), true)
      const key = row?.[keyColumn]
      await queryClient.invalidateQueries({ queryKey: ['choices', entity.key] })
      announce(tx('inline.added', { name: String(row?.[entity.labelColumn ?? keyColumn] ?? '') }))
      onClose()
      if (key !== undefined && key !== null) onCreated(String(key))
    } catch (error) {
      const constraintMessages = await messagesFor(error, queryClient)
      const labelOf = (column: string) => properties.find((property) => property.column === column)?.label
      setProblem(describeProblem(error, { attempt: 'create', constraintMessages, labelOf }))
      setSaving(false)
    }
  }

  return (
    <Dialog
      title={tx('inline.title', { name: entity.name })}
      onClose={onClose}
      locked={saving}
      actions={
        <>
          <Button look="primary" waiting={saving} onClick={() => void save()}>
            {saving ? t('form.saving') : t('form.save')}
          </Button>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
        </>
      }
    >
      <form
        noValidate
        className="co-stack"
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          event.stopPropagation()
          void save()
        }}
      >
        {problem && !properties.some((property) => property.column === problem.column) ? (
          <Banner kind="error" urgent title={t('problem.save')} facts={problem.facts}>
            {problem.text}
          </Banner>
        ) : null}
        {properties.map((property) => (
          <PropertyField
            key={property.column}
            property={property}
            idPrefix={`inline-${entity.key}-`}
            value={drafts[property.column]}
            onChange={(value) => setDrafts((before) => ({ ...before, [property.column]: value }))}
            error={errorOf(property.column)}
            required={isRequired(property, 'create')}
            mode="create"
          />
        ))}
        <button type="submit" hidden aria-hidden="true" tabIndex={-1} />
      </form>
    </Dialog>
  )
}
