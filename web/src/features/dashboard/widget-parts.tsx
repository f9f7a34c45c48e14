// What the widgets that show records have in common.

import { createContext, useContext, useEffect } from 'react'
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

/** How old what a widget shows is, and how to ask again. */
export interface Freshness {
  /** Milliseconds since 1970. */
  updatedAt: number
  /** Asking again did not work: what is shown is old. */
  failed: boolean
  refetch: () => unknown
}

/** The frame of a widget, which tells the time of what is in it. */
export const FreshnessContext = createContext<(freshness: Freshness) => void>(() => undefined)

/** Tells the frame how fresh the answer of this question is. */
export function useFreshness({ dataUpdatedAt: updatedAt, isError, refetch }: Answer): void {
  const tell = useContext(FreshnessContext)
  useEffect(() => {
    if (updatedAt > 0) tell({ updatedAt, failed: isError, refetch })
  }, [tell, updatedAt, isError, refetch])
}

interface Answer {
  dataUpdatedAt: number
  isError: boolean
  refetch: () => unknown
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
