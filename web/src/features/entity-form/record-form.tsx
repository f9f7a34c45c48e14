// A form on one page: every field at once, for who knows them.

import type { FormEvent } from 'react'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { ErrorSummary } from '~/components/error-summary'
import { Page } from '~/components/page'
import { eraseDraft } from '~/lib/drafts'
import { personZone, showInstant } from '~/lib/format/dates'
import { t } from '~/lib/i18n/t'
import { PropertyField } from '~/property-types/property-field'
import { isRequired } from '~/property-types/validate'
import { tx } from './texts'
import { type RecordFormProps, type RecordFormState, useRecordForm } from './use-record-form'
import './form.css'

function LeaveDialog({ onStay, onLeave }: { onStay: () => void; onLeave: () => void }) {
  return (
    <Dialog
      title={t('form.leaveTitle')}
      onClose={onStay}
      actions={
        <>
          <Button look="primary" data-autofocus onClick={onStay}>
            {t('form.keepEditing')}
          </Button>
          <Button onClick={onLeave}>{t('form.leave')}</Button>
        </>
      }
    >
      <p>{t('form.leaveText')}</p>
    </Dialog>
  )
}

/** The way to the same form laid out otherwise; what was typed goes along. */
export function OtherLayout({ form, layout }: { form: RecordFormState; layout: RecordFormProps['otherLayout'] }) {
  if (!layout) return null
  return (
    <div>
      <Button
        look="quiet"
        onClick={() => {
          form.keepNow()
          layout.onChoose()
        }}
      >
        {layout.label}
      </Button>
    </div>
  )
}

/** What was typed last time and not saved. */
export function DraftBanner({ form }: { form: RecordFormState }) {
  if (!form.restorable || form.dirty) return null
  return (
    <Banner
      kind="info"
      actions={
        <>
          <Button onClick={form.restore}>{t('draft.restore')}</Button>
          <Button look="quiet" onClick={form.discard}>
            {t('draft.discard')}
          </Button>
        </>
      }
    >
      {t('draft.found', { time: showInstant(new Date(form.restorable.savedAt).toISOString(), personZone()) })}
    </Banner>
  )
}

/** Asks before what was typed is left. */
export function LeaveQuestion({ form, draftKey }: { form: RecordFormState; draftKey: string }) {
  const { blocker } = form
  if (blocker.status !== 'blocked') return null
  return (
    <LeaveDialog
      onStay={blocker.reset}
      onLeave={() => {
        eraseDraft(draftKey)
        blocker.proceed()
      }}
    />
  )
}

export function RecordForm(props: RecordFormProps) {
  const { entity, mode, title, loaded } = props
  const form = useRecordForm(props)
  const { fields, drafts, errors, summary, changed, saving } = form
  return (
    <Page
      title={title}
      windowTitle={summary.length > 0 ? t('app.errorTitle', { page: title }) : title}
      narrow
      above={props.above}
      below={entity.help && mode === 'create' ? <p className="co-muted">{entity.help}</p> : null}
    >
      {summary.length > 0 ? <ErrorSummary problems={summary} focusKey={form.focusKey} /> : null}
      <DraftBanner form={form} />
      {props.notice?.(drafts)}
      {fields.length === 0 ? <Banner kind="info">{t('form.nothingToEdit')}</Banner> : null}
      <form
        noValidate
        className="co-form"
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          void form.save(false)
        }}
        onKeyDown={(event) => {
          const modifier = event.ctrlKey || event.metaKey
          if (modifier && event.key === 's') {
            event.preventDefault()
            void form.save(false)
          } else if (modifier && event.key === 'Enter') {
            event.preventDefault()
            void form.save(mode === 'create' || Boolean(props.next))
          }
        }}
      >
        {fields.some((property) => isRequired(property, mode)) ? (
          <p className="co-muted co-small">{t('form.requiredLegend')}</p>
        ) : null}
        <div className="co-form-grid co-card">
          {fields.map((property) => (
            <PropertyField
              key={property.column}
              property={property}
              value={drafts[property.column]}
              onChange={(value) => form.setDraft(property.column, value)}
              error={errors.get(property.column)}
              required={isRequired(property, mode)}
              mode={mode}
              recordId={props.recordId}
              changed={mode === 'edit' && changed.includes(property.column)}
              was={loaded?.[property.column]}
            />
          ))}
          {props.links?.map((link) => (
            <fieldset key={link.key} className="co-field co-field-wide">
              <legend className="co-field-label" dir="auto">
                {link.label}
              </legend>
              {link.control}
            </fieldset>
          ))}
        </div>
        <OtherLayout form={form} layout={props.otherLayout} />
        <div className="co-save-bar">
          <Button look="primary" type="submit" waiting={saving || form.waiting}>
            {form.waiting ? t('form.savingAfter', { n: form.uploads }) : saving ? t('form.saving') : t('form.save')}
          </Button>
          {mode === 'create' ? (
            <Button waiting={saving} onClick={() => void form.save(true)}>
              {t('form.saveAndAnother')}
            </Button>
          ) : props.next ? (
            <Button waiting={saving} onClick={() => void form.save(true)}>
              {tx('form.saveAndNext')}
            </Button>
          ) : null}
          <Button look="quiet" onClick={props.onCancel}>
            {t('app.cancel')}
          </Button>
          {form.dirty ? (
            <span className="co-muted co-small co-save-note">
              {mode === 'edit' ? t('form.unsaved', { n: changed.length }) : null}
              {mode === 'edit' && form.keptAt ? ' · ' : null}
              {form.keptAt ? t('draft.kept') : null}
            </span>
          ) : null}
        </div>
      </form>
      {props.resolve?.({ attempt: form.attemptSave, abandon: form.abandon })}
      <LeaveQuestion form={form} draftKey={props.draftKey} />
    </Page>
  )
}
