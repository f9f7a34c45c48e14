// A form asked step by step, for people who fill it in once: one topic per page, the answers to check
// before they are sent. Each step is an address, so that Back works; a reload keeps the answers.

import { useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Button } from '~/components/button'
import { ErrorSummary } from '~/components/error-summary'
import { Page } from '~/components/page'
import { t } from '~/lib/i18n/t'
import type { Property } from '~/lib/metadata/model'
import { fieldId, PropertyField } from '~/property-types/property-field'
import { PropertyValue } from '~/property-types/property-value'
import { kinds } from '~/property-types/registry'
import { checkDraft, isRequired } from '~/property-types/validate'
import { groupSteps } from './form-steps'
import { DraftBanner, LeaveQuestion, OtherLayout } from './record-form'
import { tx } from './texts'
import { type RecordFormProps, type RecordFormState, useRecordForm } from './use-record-form'
import './form.css'

/** One answer on the page that shows them all. */
function Answer({
  label,
  id,
  onChange,
  children,
}: {
  label: string
  id?: string
  onChange: () => void
  children: React.ReactNode
}) {
  return (
    <div className="co-answer">
      <dt dir="auto">{label}</dt>
      <dd>{children}</dd>
      <dd>
        <button type="button" id={id} className="co-link-button" onClick={onChange}>
          {tx('steps.change')}
          <span className="co-hidden"> {label}</span>
        </button>
      </dd>
    </div>
  )
}

function Given({ property, form }: { property: Property; form: RecordFormState }) {
  const draft = form.drafts[property.column]
  if (draft === undefined || draft === null || draft === '') {
    return <span className="co-muted">{tx(property.defaultExpression ? 'steps.automatic' : 'steps.noAnswer')}</span>
  }
  return <PropertyValue property={property} value={kinds[property.type].toWire(draft, property)} place="form" />
}

export function StepForm(props: RecordFormProps) {
  const { title, links = [] } = props
  const navigate = useNavigate()
  const search = useSearch({ strict: false }) as Record<string, string>
  const form = useRecordForm(props)
  const steps = groupSteps(form.fields)
  const last = steps.length + (links.length > 0 ? 1 : 0) + 1
  const at = Math.min(Math.max(1, Number.parseInt(search.step ?? '1', 10) || 1), last)
  const step = steps[at - 1]
  const checking = at === last
  const heading = checking ? tx('steps.check') : (step?.title ?? tx('steps.links'))
  // Complained about only after Continue was pressed on this step.
  const [tried, setTried] = useState<{ step: number; times: number } | null>(null)

  const arrived = useRef(at)
  useEffect(() => {
    if (arrived.current === at) return
    arrived.current = at
    document.querySelector<HTMLElement>('main h1')?.focus()
    scrollTo(0, 0)
  }, [at])

  const go = (to: number) => {
    form.keepNow()
    void navigate({ to: '.', search: { ...search, step: to === 1 ? undefined : String(to) } })
  }

  const wrong = (property: Property) => checkDraft(property, form.drafts[property.column], 'create')
  const problems =
    !checking && tried?.step === at
      ? (step?.properties ?? []).flatMap((property) => {
          const text = wrong(property)
          return text ? [{ text, fieldId: fieldId(property) }] : []
        })
      : []
  const shown = checking ? form.summary : problems

  const proceed = () => {
    if (checking) return void form.save(false)
    setTried({ step: at, times: (tried?.times ?? 0) + 1 })
    if (!step?.properties.some(wrong)) go(at + 1)
  }

  const position = t('form.createTitle', { name: props.entity.name })
  return (
    <Page
      title={heading}
      windowTitle={shown.length > 0 ? t('app.errorTitle', { page: heading }) : `${heading} – ${title}`}
      narrow
      above={
        <>
          {at > 1 ? (
            <button type="button" className="co-link-button co-back-link" onClick={() => history.back()}>
              {t('app.back')}
            </button>
          ) : (
            props.above
          )}
          <p className="co-muted" role="status">
            <bdi>{position}</bdi> · {tx('steps.position', { n: at, of: last })}
          </p>
        </>
      }
      below={at === 1 && props.entity.help ? <p className="co-muted">{props.entity.help}</p> : null}
    >
      {shown.length > 0 ? (
        <ErrorSummary problems={shown} focusKey={checking ? form.focusKey : (tried?.times ?? 0)} />
      ) : null}
      {at === 1 ? <DraftBanner form={form} /> : null}
      <form
        noValidate
        className="co-form"
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          proceed()
        }}
      >
        {checking ? (
          <dl className="co-card co-answers">
            {steps.flatMap((entry, index) =>
              entry.properties.map((property) => (
                <Answer
                  key={property.column}
                  label={property.label}
                  id={fieldId(property)}
                  onChange={() => go(index + 1)}
                >
                  <Given property={property} form={form} />
                </Answer>
              )),
            )}
            {links.map((link) => (
              <Answer key={link.key} label={link.label} onChange={() => go(last - 1)}>
                {link.chosen.length > 0 ? (
                  link.chosen.join(', ')
                ) : (
                  <span className="co-muted">{tx('steps.noAnswer')}</span>
                )}
              </Answer>
            ))}
          </dl>
        ) : (
          <div className="co-form-grid co-form-step co-card">
            {step?.properties.map((property) => (
              <PropertyField
                key={property.column}
                property={property}
                value={form.drafts[property.column]}
                onChange={(value) => form.setDraft(property.column, value)}
                error={tried?.step === at ? wrong(property) : undefined}
                required={isRequired(property, 'create')}
                mode="create"
                mark="optional"
                labelHidden={step.properties.length === 1}
                recordId={props.recordId}
              />
            ))}
            {step
              ? null
              : links.map((link) => (
                  <fieldset key={link.key} className="co-field co-field-wide">
                    <legend className="co-field-label" dir="auto">
                      {link.label}
                    </legend>
                    {link.control}
                  </fieldset>
                ))}
          </div>
        )}
        <div className="co-row">
          <Button look="primary" type="submit" waiting={form.saving || form.waiting}>
            {!checking
              ? tx('steps.continue')
              : form.waiting
                ? t('form.savingAfter', { n: form.uploads })
                : form.saving
                  ? t('form.saving')
                  : t('form.save')}
          </Button>
          <Button look="quiet" onClick={props.onCancel}>
            {t('app.cancel')}
          </Button>
          {form.dirty && form.keptAt ? <span className="co-muted co-small">{t('draft.kept')}</span> : null}
        </div>
        <OtherLayout form={form} layout={props.otherLayout} />
      </form>
      <LeaveQuestion form={form} draftKey={props.draftKey} />
    </Page>
  )
}
