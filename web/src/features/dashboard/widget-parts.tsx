// What the widgets that show records have in common.

import { Banner } from '~/components/banner'
import { t } from '~/lib/i18n/t'
import type { Entity } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { describeProblem } from '~/lib/problem'
import type { Widget } from './dashboard-data'
import { textOf } from './widget-config'

export interface WidgetProps {
  widget: Widget
}

/** How often a widget asks again, in milliseconds. */
export const refetchInterval = (widget: Widget): number | false =>
  widget.refresh_interval_seconds ? Math.max(5, widget.refresh_interval_seconds) * 1000 : false

/** The record type of a widget, if this person may read it. */
export function useWidgetEntity(widget: Widget): Entity | undefined {
  const model = useModel()
  const entity = model.entity(widget.entity_key ?? textOf(widget.config ?? {}, 'entityKey') ?? '')
  return entity?.can.read ? entity : undefined
}

export function Refused() {
  return <p className="co-muted">{t('widget.refused')}</p>
}

export function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const problem = describeProblem(error, { attempt: 'read' })
  return (
    <Banner kind="error" facts={problem.facts} onRetry={onRetry}>
      {problem.text}
    </Banner>
  )
}
