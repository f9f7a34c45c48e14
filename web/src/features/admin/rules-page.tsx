// Validation rules of a record type's fields.

import { useId, useState } from 'react'
import { Button } from '~/components/button'
import { FormDialog } from '~/components/form-dialog'
import { Page } from '~/components/page'
import { showFileSize } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import type { Property, ValidationRule } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { callRpc } from '~/lib/postgrest/client'
import { queryClient } from '~/lib/query-client'
import { AdminGate } from './admin-gate'
import { useChosenEntity } from './entity-choice'
import { type TextKey, tx } from './texts'
import './admin.css'

const KINDS = ['required', 'min', 'max', 'minLength', 'maxLength', 'pattern', 'fileType', 'maxFileSize'] as const
type Kind = (typeof KINDS)[number]
const isKind = (text: string): text is Kind => KINDS.includes(text as Kind)
const NUMBERS = ['IntegerNumber', 'DecimalNumber', 'Money']
const FILES = ['File', 'FileImage', 'FilePDF']
const TEXTS = ['TextShort', 'TextLong', 'Email', 'Telephone']

function applies(kind: Kind, property: Property): boolean {
  if (kind === 'required') return true
  if (kind === 'min' || kind === 'max') return NUMBERS.includes(property.type)
  if (kind === 'fileType' || kind === 'maxFileSize') return FILES.includes(property.type) || property.type === 'Unknown'
  return TEXTS.includes(property.type)
}

const nameOf = (type: string) => (isKind(type) ? tx(`rules.${type}`) : type)

/** The value of a rule as people read it: sizes not in bytes. */
const shownValue = ({ type, value }: ValidationRule): string =>
  type === 'maxFileSize' && Number(value) > 0 ? showFileSize(Number(value)) : (value ?? '')

/** What to enter, for the kinds that need it said. */
const HINTS: Readonly<Partial<Record<string, TextKey>>> = {
  pattern: 'rules.hint.pattern',
  fileType: 'rules.hint.fileType',
  maxFileSize: 'rules.hint.maxFileSize',
}

export function RulesPage() {
  return (
    <AdminGate title={t('admin.rules')}>
      <Rules />
    </AdminGate>
  )
}

function Rules() {
  const model = useModel()
  const { entity, choice } = useChosenEntity()
  const [edited, setEdited] = useState<{ property: Property; rule: ValidationRule | null } | null>(null)
  const properties = entity
    ? model.properties(entity.key).filter((property) => property.writable && property.type !== 'ManyToMany')
    : []
  return (
    <Page title={t('admin.rules')} below={<p className="co-muted">{tx('rules.help')}</p>}>
      {choice}
      <ul className="co-admin-list" key={entity?.key}>
        {properties.map((property) => (
          <li key={property.column} className="co-card co-stack co-stack-tight">
            <div className="co-spread">
              <h2 className="co-h3">
                <span dir="auto">{property.label}</span> <code className="co-small co-muted">{property.column}</code>
              </h2>
              <Button look="quiet" icon="plus" onClick={() => setEdited({ property, rule: null })}>
                <span aria-hidden="true">{tx('rules.add')}</span>
                <span className="co-hidden">{tx('rules.addTo', { name: property.label })}</span>
              </Button>
            </div>
            {property.rules.length === 0 ? (
              <p className="co-muted co-small">{tx('rules.none')}</p>
            ) : (
              <ul className="co-stack co-stack-tight">
                {property.rules.map((rule) => (
                  <li key={rule.type} className="co-spread">
                    <span>
                      <strong>{nameOf(rule.type)}</strong>
                      {rule.value ? <code> {shownValue(rule)}</code> : null}
                      <span className="co-muted" dir="auto">
                        {' '}
                        – {rule.message}
                      </span>
                    </span>
                    <Button look="quiet" icon="edit" iconOnly onClick={() => setEdited({ property, rule })}>
                      {tx('rules.change', { rule: nameOf(rule.type), name: property.label })}
                    </Button>
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
      {edited ? <RuleDialog {...edited} onClose={() => setEdited(null)} /> : null}
    </Page>
  )
}

interface RuleDialogProps {
  property: Property
  rule: ValidationRule | null
  onClose: () => void
}

function RuleDialog({ property, rule, onClose }: RuleDialogProps) {
  const id = useId()
  const taken = property.rules.map((other) => other.type)
  const kinds = KINDS.filter((kind) => kind === rule?.type || (applies(kind, property) && !taken.includes(kind)))
  const [kind, setKind] = useState<string>(rule?.type ?? kinds[0] ?? 'required')
  const [value, setValue] = useState(rule?.value ?? '')
  const [message, setMessage] = useState(rule?.message ?? '')

  const hint = HINTS[kind]
  const changed = async (send: () => Promise<unknown>) => {
    await send()
    await queryClient.invalidateQueries({ queryKey: ['schema'] })
    return undefined
  }
  const save = async () => {
    if (kind !== 'required' && value.trim() === '') return tx('rules.needValue')
    if (message.trim() === '') return tx('rules.needMessage')
    if (kind === 'pattern') {
      try {
        new RegExp(value)
      } catch {
        return tx('rules.badPattern')
      }
    }
    return changed(() =>
      callRpc('save_validation', {
        p_table_name: property.table,
        p_column_name: property.column,
        p_validation_type: kind,
        p_validation_value: kind === 'required' ? null : value.trim(),
        p_error_message: message.trim(),
        p_sort_order: rule ? taken.indexOf(rule.type) : taken.length,
      }),
    )
  }
  return (
    <FormDialog
      title={
        rule
          ? tx('rules.change', { rule: nameOf(rule.type), name: property.label })
          : tx('rules.addTo', { name: property.label })
      }
      onClose={onClose}
      submit={t('form.save')}
      onSubmit={save}
      extra={(run) =>
        rule ? (
          <Button
            look="quiet"
            icon="trash"
            onClick={() =>
              run(() =>
                changed(() =>
                  callRpc('delete_validation', {
                    p_table_name: property.table,
                    p_column_name: property.column,
                    p_validation_type: rule.type,
                  }),
                ),
              )
            }
          >
            {tx('rules.delete')}
          </Button>
        ) : null
      }
    >
      <div className="co-bound">
        <label htmlFor={`${id}-kind`}>{tx('rules.kind')}</label>
        <select
          id={`${id}-kind`}
          className="co-input"
          disabled={rule !== null}
          value={kind}
          onChange={(event) => setKind(event.target.value)}
        >
          {kinds.map((candidate) => (
            <option key={candidate} value={candidate}>
              {nameOf(candidate)}
            </option>
          ))}
        </select>
      </div>
      {kind === 'required' ? null : (
        <div className="co-bound">
          <label htmlFor={`${id}-value`}>{tx('rules.value')}</label>
          <input
            id={`${id}-value`}
            aria-describedby={hint ? `${id}-hint` : undefined}
            className="co-input"
            dir="ltr"
            autoComplete="off"
            value={value}
            onChange={(event) => setValue(event.target.value)}
          />
          {hint ? (
            <span id={`${id}-hint`} className="co-field-note">
              {tx(hint)}
            </span>
          ) : null}
        </div>
      )}
      <div className="co-bound">
        <label htmlFor={`${id}-message`}>{tx('rules.message')}</label>
        <input
          id={`${id}-message`}
          className="co-input"
          dir="auto"
          autoComplete="off"
          value={message}
          onChange={(event) => setMessage(event.target.value)}
        />
      </div>
      {message.trim() ? <p className="co-field-error">{message}</p> : null}
    </FormDialog>
  )
}
