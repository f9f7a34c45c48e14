// The place of a map: loads it when it comes into view, on phones when asked for.

import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { t } from '~/lib/i18n/t'
import { PHONE, useMedia } from '~/lib/viewport'
import { Button } from './button'
import type { MapPoint } from './map-view'

const MapView = lazy(() => import('./map-view'))

interface MapPanelProps {
  points: readonly MapPoint[]
  summary: string
  active?: string | null
  onSelect?: (id: string) => void
  onPick?: (lat: number, lng: number) => void
  height: 240 | 320 | 600
}

export function MapPanel(props: MapPanelProps) {
  const phone = useMedia(PHONE)
  const place = useRef<HTMLDivElement>(null)
  const [wanted, setWanted] = useState(false)

  useEffect(() => {
    const element = place.current
    if (phone || wanted || !element) return
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) setWanted(true)
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [phone, wanted])

  return (
    <div ref={place} className="co-map-place">
      {wanted ? (
        <Suspense fallback={<p className="co-muted">{t('app.loading')}</p>}>
          <MapView {...props} />
        </Suspense>
      ) : phone ? (
        <Button icon="pin" onClick={() => setWanted(true)}>
          {t('map.show')}
        </Button>
      ) : null}
    </div>
  )
}
