// Points, files, payments and many-to-many links.

import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { Button } from '~/components/button'
import { Icon } from '~/components/icon'
import { MapPanel } from '~/components/map-panel'
import { StatusBadge } from '~/components/status-badge'
import { paths } from '~/config/paths'
import { isHexColor } from '~/lib/color'
import { pointToWire, readPoint } from '~/lib/format/numbers'
import { currentLocale, t } from '~/lib/i18n/t'
import { useModel } from '~/lib/metadata/model-context'
import { FileDisplay } from './file-display'
import type { DisplayProps, FieldProps, PropertyKind } from './kinds'
import { linkedRecords } from './linked-records'
import { tx } from './texts'

type Embedded = Record<string, unknown>
const embedded = (value: unknown): Embedded => (typeof value === 'object' && value !== null ? (value as Embedded) : {})

// ---- points: the draft is `lat,lng` as typed ----

function PointField({ property, value, onChange, id, describedBy, invalid, required }: FieldProps) {
  const [refused, setRefused] = useState(false)
  const [lat = '', lng = ''] = typeof value === 'string' ? value.split(',') : []
  const set = (nextLat: string, nextLng: string) =>
    onChange(nextLat === '' && nextLng === '' ? null : `${nextLat},${nextLng}`)
  const input = (part: 'lat' | 'lng', current: string) => (
    <label className="co-bound" htmlFor={part === 'lat' ? id : `${id}-lng`}>
      <span className="co-small">{t(part === 'lat' ? 'form.latitude' : 'form.longitude')}</span>
      <input
        id={part === 'lat' ? id : `${id}-lng`}
        className="co-input"
        inputMode="decimal"
        dir="ltr"
        autoComplete="off"
        value={current}
        aria-describedby={describedBy}
        aria-invalid={invalid || undefined}
        required={required}
        onChange={(event) => (part === 'lat' ? set(event.target.value, lng) : set(lat, event.target.value))}
      />
    </label>
  )
  const point = typeof value === 'string' ? readPair(value) : null
  return (
    <div className="co-stack co-stack-tight">
      <MapPanel
        points={point ? [{ id: 'here', ...point, name: property.label }] : []}
        summary={t('map.pick', { label: property.label })}
        height={320}
        onPick={(nextLat, nextLng) => set(nextLat.toFixed(6), nextLng.toFixed(6))}
      />
      <p className="co-field-note">{t('map.pickHint')}</p>
      <div className="co-bounds">
        {input('lat', lat)}
        {input('lng', lng)}
      </div>
      <div className="co-row">
        <Button
          icon="locate"
          onClick={() =>
            navigator.geolocation.getCurrentPosition(
              ({ coords }) => {
                setRefused(false)
                set(coords.latitude.toFixed(6), coords.longitude.toFixed(6))
              },
              () => setRefused(true),
              { enableHighAccuracy: true, timeout: 15_000 },
            )
          }
        >
          {t('form.useLocation')}
        </Button>
        {refused ? <span role="status">{t('form.locationRefused')}</span> : null}
      </div>
    </div>
  )
}

function readPair(draft: string): { lat: number; lng: number } | null {
  const [lat, lng] = draft.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  if (lat === undefined || lng === undefined) return null
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? { lat, lng } : null
}

export const geoPoint: PropertyKind = {
  Display: ({ value, place, property }) => {
    const point = typeof value === 'string' ? readPoint(value) : null
    const words = point ? `${point.lat.toFixed(5)}, ${point.lng.toFixed(5)}` : String(value)
    return (
      <>
        {point && place === 'detail' ? (
          <MapPanel
            points={[{ id: 'here', ...point, name: words }]}
            summary={t('map.of', { label: property.label, place: words })}
            height={240}
          />
        ) : null}
        <span className="co-row co-nowrap co-tight co-numbers" dir="ltr">
          <Icon name="pin" size={16} />
          {words}
        </span>
      </>
    )
  },
  Field: PointField,
  grouped: true,
  fromWire: (wire) => {
    const point = typeof wire === 'string' ? readPoint(wire) : null
    return point ? `${point.lat},${point.lng}` : null
  },
  toWire: (draft) => {
    const point = readPair(String(draft))
    return point ? pointToWire(point) : null
  },
  check: (draft) => (readPair(draft) ? undefined : t('check.point')),
}

// ---- files ----

const LazyFileField = lazy(() => import('./file-field'))

export const file: PropertyKind = {
  Display: FileDisplay,
  Field: (props) => (
    <Suspense fallback={<p className="co-muted">{t('app.loading')}</p>}>
      <LazyFileField {...props} />
    </Suspense>
  ),
  grouped: true,
  choice: true,
  fromWire: (wire) => (wire === null || wire === undefined ? null : String(embedded(wire).id ?? wire)),
  toWire: (draft) => draft,
}

// ---- payments ----

const PAYMENT_COLORS: Readonly<Record<string, [string, 'initial' | 'open' | 'terminal']>> = {
  succeeded: ['#1b6e3c', 'terminal'],
  pending: ['#f2c063', 'initial'],
  pending_intent: ['#f2c063', 'initial'],
  refund_pending: ['#f2c063', 'open'],
  failed: ['#b3261e', 'terminal'],
  canceled: ['#7a8490', 'terminal'],
  refunded: ['#1857b0', 'terminal'],
  partially_refunded: ['#1857b0', 'open'],
}

function PaymentDisplay({ value }: DisplayProps) {
  if (typeof value !== 'object') return <span>{t('value.hiddenPayment')}</span>
  const info = embedded(value)
  const state = String(info.effective_status ?? info.status)
  const [color, kind] = PAYMENT_COLORS[state] ?? ['#7a8490', 'open']
  const [amount, refunded] = [Number(info.amount ?? 0), Number(info.total_refunded ?? 0)]
  const money = (n: number) =>
    new Intl.NumberFormat(currentLocale(), { style: 'currency', currency: String(info.currency ?? 'USD') }).format(n)
  const label =
    state === 'refunded'
      ? tx('payment.refunded')
      : state === 'partially_refunded'
        ? tx('payment.partial', { net: money(amount - refunded) })
        : state === 'refund_pending'
          ? tx('payment.refundPending')
          : String(info.display_name ?? state)
  const hint =
    refunded > 0
      ? tx('payment.hint', { refunded: money(refunded), amount: money(amount), n: Number(info.refund_count ?? 1) })
      : undefined
  return (
    <span title={hint}>
      <StatusBadge label={label} color={color} kind={kind} />
      {hint ? <span className="co-hidden"> {hint}</span> : null}
    </span>
  )
}

export const payment: PropertyKind = {
  Display: PaymentDisplay,
  fromWire: () => undefined,
  toWire: () => undefined,
}

// ---- many-to-many: a list of `{ target: { id, display_name, color } }` ----

function LinksDisplay({ property, value, place }: DisplayProps) {
  const model = useModel()
  const link = property.link
  const records = linkedRecords(value, link?.target ?? '')
  if (records.length === 0) return <span className="co-muted">{t('value.none')}</span>
  const readable = link ? model.entity(link.target)?.can.read : false
  return (
    <ul className="co-chips">
      {records.map((record) => {
        const label = String(record.display_name ?? record.id)
        return (
          <li key={String(record.id)} className="co-tag">
            {isHexColor(record.color) ? (
              <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" className="co-swatch">
                <circle cx="6" cy="6" r="5" fill={record.color} />
              </svg>
            ) : null}
            {place === 'detail' && readable && link ? (
              <Link to={paths.detail(link.target, String(record.id))} dir="auto">
                {label}
              </Link>
            ) : (
              <span dir="auto">{label}</span>
            )}
          </li>
        )
      })}
    </ul>
  )
}

export const manyToMany: PropertyKind = {
  Display: LinksDisplay,
  fromWire: () => undefined,
  toWire: () => undefined,
}
