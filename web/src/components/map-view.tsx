// A map with markers, on Leaflet. A chunk of its own: only lazy imports lead here. Whatever it shows
// is also in the page as text; without tiles the markers stand on a plain ground.

import L from 'leaflet'
import { useEffect, useRef, useState } from 'react'
import { runtimeConfig } from '~/config/runtime'
import { t } from '~/lib/i18n/t'
import { Button } from './button'
import 'leaflet/dist/leaflet.css'
import './map-view.css'

export interface MapPoint {
  id: string
  lat: number
  lng: number
  name: string
}

interface MapViewProps {
  points: readonly MapPoint[]
  /** What the map shows, for those who do not see it. */
  summary: string
  active?: string | null
  onSelect?: (id: string) => void
  /** Turns the map into a picker. */
  onPick?: (lat: number, lng: number) => void
  height: number
}

const dark = () => document.documentElement.dataset.theme === 'dark'
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches

function pin(active: boolean): L.DivIcon {
  const size: [number, number] = active ? [34, 44] : [26, 34]
  return L.divIcon({
    className: active ? 'co-pin co-pin-active' : 'co-pin',
    iconSize: size,
    iconAnchor: [size[0] / 2, size[1]],
    html: '<svg viewBox="0 0 26 34" aria-hidden="true"><path d="M13 1a12 12 0 0 0-12 12c0 9 12 20 12 20s12-11 12-20A12 12 0 0 0 13 1z"/><circle cx="13" cy="13" r="4.5"/></svg>',
  })
}

/** Markers closer than this would cover each other, in pixels. */
const NEAR_PX = 34

/** Points that would lie on top of each other at this zoom stand together. */
function groupNear(map: L.Map, points: readonly MapPoint[]): MapPoint[][] {
  const groups: { at: L.Point; members: MapPoint[] }[] = []
  for (const point of points) {
    const at = map.project(point, map.getZoom())
    const near = groups.find((group) => Math.abs(group.at.x - at.x) < NEAR_PX && Math.abs(group.at.y - at.y) < NEAR_PX)
    if (near) near.members.push(point)
    else groups.push({ at, members: [point] })
  }
  return groups.map((group) => group.members)
}

interface Handlers {
  onSelect?: (id: string) => void
  onPick?: (lat: number, lng: number) => void
}

function singleMarker(point: MapPoint, active: boolean, picking: boolean, handlers: Handlers): L.Marker {
  const interactive = handlers.onSelect !== undefined || picking
  const marker = L.marker(point, {
    icon: pin(active),
    title: point.name,
    keyboard: interactive,
    draggable: picking,
    interactive,
    zIndexOffset: active ? 1000 : 0,
  })
  marker.on('click', () => handlers.onSelect?.(point.id))
  marker.on('dragend', () => {
    const { lat, lng } = marker.getLatLng()
    handlers.onPick?.(lat, lng)
  })
  return marker
}

function groupPin(size: number, active: boolean): L.DivIcon {
  return L.divIcon({
    className: active ? 'co-pin-group co-pin-active' : 'co-pin-group',
    iconSize: [34, 34],
    html: String(size),
  })
}

/** A number that opens into its records when followed. */
function groupMarker(members: readonly MapPoint[], active: boolean, map: L.Map): L.Marker {
  const bounds = L.latLngBounds(members.map((member) => [member.lat, member.lng]))
  const icon = groupPin(members.length, active)
  const marker = L.marker(bounds.getCenter(), { icon, title: t('map.group', { n: members.length }) })
  marker.on('click', () => map.fitBounds(bounds, { padding: [40, 40], maxZoom: 18, animate: !calm() }))
  return marker
}

function addTiles(map: L.Map, onFail: () => void): L.TileLayer | null {
  const { tileUrl, tileUrlDark, attribution } = runtimeConfig.map
  const url = dark() ? (tileUrlDark ?? tileUrl) : tileUrl
  if (!url) return null
  return L.tileLayer(url, { attribution, maxZoom: 19 }).on('tileerror', onFail).addTo(map)
}

export default function MapView({ points, summary, active, onSelect, onPick, height }: MapViewProps) {
  const holder = useRef<HTMLDivElement>(null)
  const map = useRef<L.Map>(null)
  const markers = useRef(new Map<string, { marker: L.Marker; size: number }>())
  const marked = useRef<string | null>(null)
  const [tilesFailed, setTilesFailed] = useState(false)
  const handlers = useRef<Handlers>({ onSelect, onPick })
  handlers.current = { onSelect, onPick }
  const picking = onPick !== undefined

  useEffect(() => {
    const element = holder.current
    if (!element) return
    const { center, zoom } = runtimeConfig.map
    const created = L.map(element, {
      center,
      zoom,
      zoomAnimation: !calm(),
      fadeAnimation: !calm(),
      markerZoomAnimation: !calm(),
      // One finger scrolls the page on touch screens.
      dragging: !L.Browser.mobile || picking,
      scrollWheelZoom: false,
      zoomControl: false,
    })
    // At the end side, where no bar of buttons can come to lie on it.
    L.control.zoom({ position: 'topright' }).addTo(created)
    map.current = created
    created.attributionControl.setPrefix(false)
    let tiles = addTiles(created, () => setTilesFailed(true))
    const watcher = new MutationObserver(() => {
      tiles?.remove()
      tiles = addTiles(created, () => setTilesFailed(true))
    })
    watcher.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
    created.on('click', (event) => handlers.current.onPick?.(event.latlng.lat, event.latlng.lng))
    const resize = new ResizeObserver(() => created.invalidateSize())
    resize.observe(element)
    return () => {
      watcher.disconnect()
      resize.disconnect()
      created.remove()
      map.current = null
      markers.current.clear()
    }
  }, [picking])

  const places = points.map((point) => `${point.id}:${point.lat},${point.lng}`).join(';')
  const draw = useRef<() => void>(() => undefined)
  draw.current = () => {
    const current = map.current
    if (!current) return
    for (const { marker } of markers.current.values()) marker.remove()
    markers.current.clear()
    marked.current = active ?? null
    for (const group of groupNear(current, points)) {
      const [point] = group
      if (!point) continue
      const isMarked = group.some((member) => member.id === active)
      const marker =
        group.length === 1
          ? singleMarker(point, isMarked, picking, handlers.current)
          : groupMarker(group, isMarked, current)
      marker.addTo(current)
      for (const member of group) markers.current.set(member.id, { marker, size: group.length })
    }
  }

  /** Everything in sight, as at the beginning. */
  const showAll = () => {
    const bounds = L.latLngBounds(points.map((point) => [point.lat, point.lng]))
    map.current?.fitBounds(bounds, { padding: [30, 30], maxZoom: 15, animate: false })
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: places stands for the points
  useEffect(() => {
    const current = map.current
    if (!current) return
    const [only] = points
    if (points.length === 1 && only) {
      if (!picking || !current.getBounds().contains(only)) current.setView(only, Math.max(current.getZoom(), 15))
    } else if (points.length > 1) showAll()
    draw.current()
    const redraw = () => draw.current()
    current.on('zoomend', redraw)
    return () => {
      current.off('zoomend', redraw)
    }
  }, [places, picking])

  // The pointer passes over many rows: only the two markers concerned change.
  useEffect(() => {
    const mark = (id: string | null | undefined, on: boolean) => {
      const found = id ? markers.current.get(id) : undefined
      found?.marker.setIcon(found.size === 1 ? pin(on) : groupPin(found.size, on))
      found?.marker.setZIndexOffset(on ? 1000 : 0)
      return found?.marker
    }
    if (marked.current !== active) mark(marked.current, false)
    const marker = mark(active, true)
    marked.current = active ?? null
    if (marker && map.current && !map.current.getBounds().contains(marker.getLatLng())) {
      map.current.panTo(marker.getLatLng(), { animate: !calm() })
    }
  }, [active])

  return (
    <div className="co-map">
      <section
        ref={holder}
        className={`co-map-canvas co-map-${height}`}
        aria-label={summary}
        onKeyDown={(event) => {
          if (picking && event.key === 'Enter' && event.target === holder.current && map.current) {
            event.preventDefault()
            const { lat, lng } = map.current.getCenter()
            handlers.current.onPick?.(lat, lng)
          }
        }}
      />
      {!picking && points.length > 1 ? (
        <div className="co-map-reset">
          <Button icon="home" iconOnly onClick={showAll}>
            {t('map.reset')}
          </Button>
        </div>
      ) : null}
      {picking ? <span className="co-map-cross" aria-hidden="true" /> : null}
      {tilesFailed ? <p className="co-muted co-small">{t('map.noTiles')}</p> : null}
    </div>
  )
}
