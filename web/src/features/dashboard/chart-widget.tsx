// A chart over an aggregate: bars, a line or a pie, and always the same numbers as a table.

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Button } from '~/components/button'
import { Loading } from '~/components/loading'
import { isHexColor } from '~/lib/color'
import { showDate } from '~/lib/format/dates'
import { showNumber } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import type { Entity, Property } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { choiceSource, choicesByIdQuery, statusesQuery } from '~/lib/metadata/queries'
import { callRpc, type WireRow } from '~/lib/postgrest/client'
import { type Entry, niceScale, slices, withOther } from './chart-shapes'
import { tx } from './texts'
import { textOf } from './widget-config'
import { Failed, Refused, refetchInterval, useFreshness, useWidgetEntity, type WidgetProps } from './widget-parts'

const BARS = 12
const SLICES = 6

export default function ChartWidget({ widget }: WidgetProps) {
  const model = useModel()
  const entity = useWidgetEntity(widget)
  const property = entity && model.property(entity.key, textOf(widget.config ?? {}, 'groupBy') ?? '')
  if (!entity) return <Refused />
  if (!property) return <p className="co-muted">{tx('chart.incomplete')}</p>
  return <Chart widget={widget} entity={entity} property={property} />
}

interface Grouped extends Entry {
  color: string | null
}

function Chart({ widget, entity, property }: WidgetProps & { entity: Entity; property: Property }) {
  const model = useModel()
  const [table, setTable] = useState(false)
  const config = widget.config ?? {}
  const look = textOf(config, 'look') ?? 'bar'
  const bucket = textOf(config, 'bucket') ?? null
  const args = {
    p_table_name: entity.key,
    p_group_by: property.column,
    p_aggregate: textOf(config, 'aggregate') ?? 'count',
    p_value: textOf(config, 'valueColumn') ?? null,
    p_bucket: bucket,
    p_filters: Array.isArray(config.filters) ? config.filters : [],
  }
  const query = useQuery({
    queryKey: ['rows', entity.key, 'chart', args],
    queryFn: async ({ signal }) => {
      const answer = await callRpc('aggregate_rows', args, signal)
      return (Array.isArray(answer) ? (answer as WireRow[]) : []).map((row) => ({
        key: row.key === null || row.key === undefined ? null : String(row.key),
        value: Number(row.value ?? 0),
      }))
    },
    refetchInterval: refetchInterval(widget),
  })
  const keys = (query.data ?? []).flatMap((row) => (row.key === null ? [] : [row.key]))
  const source = choiceSource(model, property)
  const named = useQuery({
    ...choicesByIdQuery(source ?? { table: '', idColumn: '', labelColumns: [] }, keys),
    enabled: source !== null && keys.length > 0,
  })
  const statuses = useQuery({ ...statusesQuery(property.statusType ?? ''), enabled: property.type === 'Status' })

  useFreshness(query)
  if (query.isError && !query.data) return <Failed error={query.error} onRetry={() => void query.refetch()} />
  if (!query.data) return <Loading lines={6} />
  if (query.data.length === 0) return <p className="co-muted">{t('widget.empty')}</p>
  const entries = query.data.map(({ key, value }): Grouped => {
    const status = statuses.data?.find((candidate) => candidate.id === key)
    const choice = named.data?.find((candidate) => candidate.id === key)
    const label =
      key === null
        ? tx('chart.none')
        : bucket
          ? showDate(key)
          : (status?.label ??
            choice?.label ??
            (property.type === 'Boolean' ? t(key === 'true' ? 'value.yes' : 'value.no') : key))
    return { label, value, color: status && isHexColor(status.color) ? status.color : null }
  })
  const title = widget.title ?? entity.plural
  const summary = tx('chart.of', { title, n: entries.length })
  return (
    <div className="co-stack co-stack-tight">
      {table ? (
        <DataTable entries={entries} label={property.label} />
      ) : look === 'pie' ? (
        <Pie entries={entries} summary={summary} />
      ) : look === 'line' ? (
        <Line entries={bucket ? entries : entries.slice(0, BARS)} summary={summary} />
      ) : (
        <Bars entries={entries} summary={summary} />
      )}
      <div>
        <Button look="quiet" className="co-no-print" onClick={() => setTable(!table)}>
          {tx(table ? 'chart.asChart' : 'chart.asTable')}
        </Button>
      </div>
    </div>
  )
}

function DataTable({ entries, label }: { entries: readonly Entry[]; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
    <section className="co-widget-scroll" tabIndex={0} aria-label={label}>
      <table className="co-widget-table">
        <thead>
          <tr>
            <th scope="col">{label}</th>
            <th scope="col" className="co-end">
              {tx('chart.value')}
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.label}>
              <th scope="row" dir="auto">
                {entry.label}
              </th>
              <td className="co-end co-numbers">{showNumber(entry.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface ShapeProps {
  entries: readonly Grouped[]
  summary: string
}

/** Bars lie: names beside them need no turning. */
function Bars({ entries, summary }: ShapeProps) {
  const shown = withOther(entries, BARS, tx('chart.other'))
  const largest = Math.max(0, ...shown.map((entry) => entry.value))
  return (
    <figure className="co-chart" aria-label={summary}>
      <ul className="co-chart-bars">
        {shown.map((entry) => (
          <li key={entry.label}>
            <span className="co-chart-label" dir="auto">
              {entry.label}
            </span>
            <svg className="co-chart-bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
              <rect width={largest > 0 ? Math.max(0.5, (entry.value / largest) * 100) : 0} height="10" />
            </svg>
            <span className="co-numbers co-chart-value">{showNumber(entry.value)}</span>
          </li>
        ))}
      </ul>
    </figure>
  )
}

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [600, 240, 56, 26]

function Line({ entries, summary }: ShapeProps) {
  const scale = niceScale(Math.max(0, ...entries.map((entry) => entry.value)))
  const top = scale.at(-1) ?? 1
  const x = (index: number) => LEFT + ((WIDTH - LEFT - 12) * (index + 0.5)) / entries.length
  const y = (value: number) => 8 + (HEIGHT - BOTTOM - 8) * (1 - value / top)
  const every = Math.ceil(entries.length / 6)
  return (
    <figure className="co-chart" aria-label={summary}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={summary} className="co-chart-line">
        {scale.map((value) => (
          <g key={value}>
            <line x1={LEFT} x2={WIDTH} y1={y(value)} y2={y(value)} className="co-chart-grid" />
            <text x={LEFT - 8} y={y(value) + 4} textAnchor="end">
              {showNumber(value)}
            </text>
          </g>
        ))}
        <polyline points={entries.map((entry, index) => `${x(index)},${y(entry.value)}`).join(' ')} />
        {entries.map((entry, index) => (
          <g key={entry.label}>
            <circle cx={x(index)} cy={y(entry.value)} r="4">
              <title>{`${entry.label}: ${showNumber(entry.value)}`}</title>
            </circle>
            {index % every === 0 ? (
              <text x={x(index)} y={HEIGHT - 6} textAnchor="middle">
                {entry.label}
              </text>
            ) : null}
          </g>
        ))}
      </svg>
    </figure>
  )
}

/** Told apart by lightness as well; every slice is named in the list beside. */
const TONES = ['#1857b0', '#7ab0f5', '#0b2a55', '#b98500', '#5c6b7a', '#c3cad2']

function Pie({ entries, summary }: ShapeProps) {
  const shown: (Entry & { color?: string | null })[] =
    entries.length <= SLICES ? [...entries] : withOther(entries, SLICES, tx('chart.other'))
  const parts = slices(
    shown.map((entry) => entry.value),
    90,
  )
  const colorOf = (index: number) => shown[index]?.color ?? TONES[index % TONES.length] ?? '#5c6b7a'
  return (
    <figure className="co-chart co-chart-pie" aria-label={summary}>
      <svg viewBox="-100 -100 200 200" role="img" aria-label={summary}>
        {parts.map((part, index) => (
          <path key={shown[index]?.label} d={part.path} fill={colorOf(index)} className="co-chart-slice" />
        ))}
      </svg>
      <ul>
        {shown.map((entry, index) => (
          <li key={entry.label} className="co-row">
            <svg width="14" height="14" aria-hidden="true" className="co-swatch">
              <rect x="1" y="1" width="12" height="12" rx="2" fill={colorOf(index)} />
            </svg>
            <span dir="auto">{entry.label}</span>
            <span className="co-numbers co-muted">
              {showNumber(entry.value)} · {showNumber(Math.round((parts[index]?.share ?? 0) * 1000) / 10)} %
            </span>
          </li>
        ))}
      </ul>
    </figure>
  )
}
