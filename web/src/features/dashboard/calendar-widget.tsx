// The widget that shows records in a calendar. View and day are its own, not the address bar's.

import { Link } from '@tanstack/react-router'
import { useContext, useState } from 'react'
import { buttonClass } from '~/components/button'
import { paths } from '~/config/paths'
import { t } from '~/lib/i18n/t'
import { useModel } from '~/lib/metadata/model-context'
import { RecordCalendar } from '~/records/record-calendar'
import { conditionsOf, numberOf, textOf } from './widget-config'
import { FreshnessContext, Refused, refetchInterval, useWidgetEntity, type WidgetProps } from './widget-parts'

const MOST_EVENTS = 1000

export default function CalendarWidget({ widget }: WidgetProps) {
  const model = useModel()
  const entity = useWidgetEntity(widget)
  const config = widget.config ?? {}
  const [shown, setShown] = useState<{ view: string | undefined; date: string | undefined }>({
    view: textOf(config, 'initialView') ?? 'timeGridWeek',
    date: textOf(config, 'initialDate')?.slice(0, 10),
  })
  const tell = useContext(FreshnessContext)
  const slot = textOf(config, 'timeSlotPropertyName')
  if (!entity) return <Refused />
  if (!slot || !model.property(entity.key, slot)) return <p className="co-muted">{t('widget.unknown')}</p>
  return (
    <div className="co-stack co-stack-tight">
      <RecordCalendar
        model={model}
        entity={entity}
        calendar={{ slot, color: textOf(config, 'colorProperty') ?? null }}
        conditions={conditionsOf(config)}
        search=""
        view={shown.view}
        date={shown.date}
        headingLevel={3}
        limit={Math.min(MOST_EVENTS, Math.max(1, numberOf(config, 'maxEvents', MOST_EVENTS)))}
        defaultColor={textOf(config, 'defaultColor')}
        refetchInterval={refetchInterval(widget)}
        onAnswer={tell}
        onMove={(view, date) => setShown({ view, date })}
      />
      {config.showCreateButton === true && entity.can.create ? (
        <Link to={paths.create(entity.key)} className={buttonClass('default', 'co-widget-add')}>
          {t('list.add', { name: entity.name })}
        </Link>
      ) : null}
    </div>
  )
}
