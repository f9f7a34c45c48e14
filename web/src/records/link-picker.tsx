// Chooses records to link: check boxes, or searching where there are many of them.

import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { Combobox } from '~/components/combobox'
import { Loading } from '~/components/loading'
import { t } from '~/lib/i18n/t'
import { useModel } from '~/lib/metadata/model-context'
import { type Choice, choiceSource, choicesQuery, SELECT_LIMIT, searchChoices } from '~/lib/metadata/queries'

interface LinkPickerProps {
  /** Table of the records to choose from. */
  target: string
  label: string
  selected: readonly Choice[]
  onChange: (selected: readonly Choice[]) => void
}

export function LinkPicker({ target, label, selected, onChange }: LinkPickerProps) {
  const model = useModel()
  const searchId = useId()
  const [find, setFind] = useState('')
  const source = choiceSource(model, { type: 'ForeignKeyName', ref: { schema: 'public', table: target, column: 'id' } })
  const choices = useQuery({
    ...choicesQuery(source ?? { table: '', idColumn: '', labelColumns: [] }),
    enabled: source !== null,
  })
  const toggle = (choice: Choice, on: boolean) =>
    onChange([...selected.filter((other) => other.id !== choice.id), ...(on ? [choice] : [])])

  if (choices.isPending) return <Loading lines={3} />
  const large = (choices.data?.length ?? 0) > SELECT_LIMIT
  const shown = large
    ? selected
    : (choices.data ?? []).filter((choice) => choice.label.toLocaleLowerCase().includes(find.toLocaleLowerCase()))
  return (
    <>
      {large && source ? (
        <Combobox
          id={searchId}
          label={t('filter.find', { label })}
          selected={null}
          adding
          clearable={false}
          search={(term, limit, signal) => searchChoices(source, term, limit, signal)}
          onSelect={(option) => option && toggle(option, true)}
        />
      ) : (choices.data?.length ?? 0) > 10 ? (
        <label className="co-bound" htmlFor={searchId}>
          <span className="co-small">{t('filter.find', { label })}</span>
          <input
            id={searchId}
            type="search"
            className="co-input co-input-medium"
            value={find}
            onChange={(event) => setFind(event.target.value)}
          />
        </label>
      ) : null}
      <ul className="co-check-list" aria-label={label}>
        {shown.map((choice) => (
          <li key={choice.id}>
            <label className="co-check-row">
              <input
                type="checkbox"
                className="co-check"
                checked={selected.some((other) => other.id === choice.id)}
                onChange={(event) => toggle(choice, event.target.checked)}
              />
              <span dir="auto">{choice.label}</span>
            </label>
          </li>
        ))}
      </ul>
    </>
  )
}
