// The data model for people: a list that is complete by itself, and a diagram of it.

import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useId, useMemo, useRef, useState } from 'react'
import { Button } from '~/components/button'
import { Page } from '~/components/page'
import type { Entity, Model } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { PHONE, useMedia } from '~/lib/viewport'
import { BOX_WIDTH, layOut, type Placed } from './layout'
import { fieldsOf, TableFacts } from './table-facts'
import { tx } from './texts'
import './diagram.css'

const HEAD = 34
const LINE = 20
const SHOWN_FIELDS = 10
const MARGIN = 40

interface Link {
  from: string
  to: string
  label: string
  both: boolean
}

function linksOf(model: Model, keys: ReadonlySet<string>): Link[] {
  const links: Link[] = []
  const seen = new Set<string>()
  for (const key of keys) {
    for (const property of model.properties(key)) {
      if (property.link) {
        const { junction, target } = property.link
        if (!keys.has(target) || seen.has(junction)) continue
        seen.add(junction)
        links.push({ from: key, to: target, label: property.label, both: true })
      } else if (property.ref?.schema === 'public' && keys.has(property.ref.table)) {
        links.push({ from: key, to: property.ref.table, label: property.label, both: false })
      }
    }
  }
  return links
}

export function DiagramPage() {
  const model = useModel()
  const navigate = useNavigate()
  const id = useId()
  const phone = useMedia(PHONE)
  const search = useSearch({ strict: false }) as Record<string, string>
  const [find, setFind] = useState('')
  const entities = model.entities.filter((entity) => !model.isJunction(entity.key))
  const view = search.view ?? (phone ? 'list' : 'diagram')
  const chosen = entities.find((entity) => entity.key === search.table)
  const term = find.trim().toLocaleLowerCase()
  const matches = (entity: Entity) =>
    term === '' || entity.name.toLocaleLowerCase().includes(term) || entity.key.includes(term)
  const found = entities.filter(matches)
  const go = (change: Record<string, string | undefined>) =>
    void navigate({ to: '.', search: { ...search, ...change }, replace: true, resetScroll: false })
  return (
    <Page
      title={tx('title')}
      below={<p className="co-muted">{tx('help')}</p>}
      actions={
        <div className="co-row">
          {(['diagram', 'list'] as const).map((name) => (
            <Button key={name} aria-pressed={view === name} onClick={() => go({ view: name })}>
              {tx(name)}
            </Button>
          ))}
        </div>
      }
    >
      <div className="co-bound co-schema-find">
        <label htmlFor={id} className="co-small">
          {tx('find')}
        </label>
        <input
          id={id}
          type="search"
          className="co-input"
          value={find}
          onChange={(event) => setFind(event.target.value)}
          onKeyDown={(event) => {
            const [first] = found
            if (event.key === 'Enter' && first) go({ table: first.key })
          }}
        />
      </div>
      <p role="status" className="co-muted co-small">
        {found.length > 0 ? tx('tables', { n: found.length }) : tx('nothing')}
      </p>
      {view === 'list' ? (
        <ul className="co-stack">
          {found.map((entity) => (
            <li key={entity.key} className="co-card" id={`table-${entity.key}`}>
              <TableFacts model={model} entity={entity} onOpen={(table) => go({ table })} />
            </li>
          ))}
        </ul>
      ) : (
        <div className="co-schema">
          <Diagram
            model={model}
            entities={entities}
            chosen={chosen?.key ?? null}
            highlighted={term === '' ? null : new Set(found.map((entity) => entity.key))}
            onChoose={(table) => go({ table: table ?? undefined })}
          />
          {chosen ? (
            <aside className="co-card co-schema-inspector">
              <div className="co-spread">
                <span />
                <Button look="quiet" icon="close" iconOnly onClick={() => go({ table: undefined })}>
                  {tx('fit')}
                </Button>
              </div>
              <TableFacts model={model} entity={chosen} withRights onOpen={(table) => go({ table })} />
            </aside>
          ) : null}
        </div>
      )}
    </Page>
  )
}

interface DiagramProps {
  model: Model
  entities: readonly Entity[]
  chosen: string | null
  highlighted: ReadonlySet<string> | null
  onChoose: (key: string | null) => void
}

interface View {
  x: number
  y: number
  scale: number
}

const clampScale = (scale: number) => Math.min(3, Math.max(0.1, scale))

/** From the side of one box to the side of the other. */
function path(from: Placed, to: Placed, shift: number): string {
  const forward = to.x >= from.x + BOX_WIDTH
  const [x1, x2] = forward ? [from.x + BOX_WIDTH, to.x] : [from.x, to.x + BOX_WIDTH]
  const y1 = from.y + Math.min(from.height - 8, HEAD / 2 + shift)
  const y2 = to.y + HEAD / 2 + shift / 2
  const bend = Math.max(40, Math.abs(x2 - x1) / 2) * (forward ? 1 : -1)
  return from === to
    ? `M${from.x + BOX_WIDTH} ${y1}c60 -10 60 50 0 40`
    : `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
}

function Diagram({ model, entities, chosen, highlighted, onChoose }: DiagramProps) {
  const frame = useRef<HTMLDivElement>(null)
  const svg = useRef<SVGSVGElement>(null)
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 })
  const drag = useRef<{ x: number; y: number; view: View; moved: boolean } | null>(null)
  const { placed, links, width, height } = useMemo(() => {
    const keys = new Set(entities.map((entity) => entity.key))
    const allLinks = linksOf(model, keys)
    const nodes = entities.map((entity) => ({
      key: entity.key,
      height: HEAD + Math.min(SHOWN_FIELDS + 1, fieldsOf(model, entity.key).length) * LINE + 8,
    }))
    const boxes = layOut(nodes, allLinks)
    return {
      placed: new Map(boxes.map((box) => [box.key, box])),
      links: allLinks,
      width: Math.max(BOX_WIDTH, ...boxes.map((box) => box.x + BOX_WIDTH)),
      height: Math.max(HEAD, ...boxes.map((box) => box.y + box.height)),
    }
  }, [model, entities])

  const fitAll = () => {
    const element = frame.current
    if (!element) return
    const { clientWidth, clientHeight } = element
    const scale = clampScale(Math.min(1, (clientWidth - 2 * MARGIN) / width, (clientHeight - 2 * MARGIN) / height))
    setView({ scale, x: (clientWidth - width * scale) / 2, y: (clientHeight - height * scale) / 2 })
  }
  useEffect(fitAll, [width, height])
  const zoom = (factor: number, at?: { x: number; y: number }) =>
    setView((before) => {
      const scale = clampScale(before.scale * factor)
      const centre = at ?? { x: (frame.current?.clientWidth ?? 0) / 2, y: (frame.current?.clientHeight ?? 0) / 2 }
      const ratio = scale / before.scale
      return { scale, x: centre.x - (centre.x - before.x) * ratio, y: centre.y - (centre.y - before.y) * ratio }
    })
  // The chosen table comes into the middle.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when another table is chosen
  useEffect(() => {
    const box = chosen ? placed.get(chosen) : undefined
    const element = frame.current
    if (!box || !element) return
    setView((before) => {
      const scale = Math.max(before.scale, 0.6)
      return {
        scale,
        x: element.clientWidth / 2 - (box.x + BOX_WIDTH / 2) * scale,
        y: element.clientHeight / 2 - (box.y + box.height / 2) * scale,
      }
    })
  }, [chosen])
  // React listens to wheels passively; zooming must keep the page from scrolling.
  // biome-ignore lint/correctness/useExhaustiveDependencies: zoom works on the state before
  useEffect(() => {
    const element = frame.current
    if (!element) return
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      const bounds = element.getBoundingClientRect()
      zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, { x: event.clientX - bounds.left, y: event.clientY - bounds.top })
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => element.removeEventListener('wheel', onWheel)
  }, [])

  const drawing = (): Blob => {
    const copy = svg.current?.cloneNode(true) as SVGSVGElement
    copy.setAttribute('viewBox', `${-MARGIN} ${-MARGIN} ${width + 2 * MARGIN} ${height + 2 * MARGIN}`)
    copy.setAttribute('width', String(width + 2 * MARGIN))
    copy.setAttribute('height', String(height + 2 * MARGIN))
    copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
    copy.querySelector('g')?.removeAttribute('transform')
    // A file has no style sheet beside it: the colours of now, as attributes.
    const originals = svg.current?.querySelectorAll<SVGElement>('rect, text, path') ?? []
    copy.querySelectorAll<SVGElement>('rect, text, path').forEach((element, index) => {
      const style = originals[index] ? getComputedStyle(originals[index]) : null
      if (!style) return
      for (const name of ['fill', 'stroke', 'stroke-width', 'font-size', 'font-weight', 'font-family']) {
        element.setAttribute(name, style.getPropertyValue(name))
      }
    })
    return new Blob([new XMLSerializer().serializeToString(copy)], { type: 'image/svg+xml' })
  }
  const save = (blob: Blob, name: string) => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(blob)
    link.download = name
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
  }
  const savePng = () => {
    const image = new Image()
    const address = URL.createObjectURL(drawing())
    image.onload = () => {
      const canvas = document.createElement('canvas')
      canvas.width = image.width * 2
      canvas.height = image.height * 2
      const context = canvas.getContext('2d')
      if (context && frame.current) {
        context.fillStyle = getComputedStyle(frame.current).backgroundColor
        context.fillRect(0, 0, canvas.width, canvas.height)
        context.drawImage(image, 0, 0, canvas.width, canvas.height)
        canvas.toBlob((blob) => blob && save(blob, 'schema.png'))
      }
      URL.revokeObjectURL(address)
    }
    image.src = address
  }

  const touches = (link: Link) => chosen !== null && (link.from === chosen || link.to === chosen)
  const arrow = (key: string, step: -1 | 1) => {
    const keys = [...placed.keys()]
    return keys[(keys.indexOf(key) + step + keys.length) % keys.length] ?? key
  }
  return (
    <div className="co-schema-main">
      <div className="co-row co-no-print">
        <Button onClick={fitAll}>{tx('fit')}</Button>
        <Button onClick={() => zoom(1.25)} aria-label={tx('zoomIn')}>
          +
        </Button>
        <Button onClick={() => zoom(0.8)} aria-label={tx('zoomOut')}>
          −
        </Button>
        <Button look="quiet" onClick={() => save(drawing(), 'schema.svg')}>
          {tx('svg')}
        </Button>
        <Button look="quiet" onClick={savePng}>
          {tx('png')}
        </Button>
      </div>
      <div
        ref={frame}
        className="co-schema-frame"
        onPointerDown={(event) => {
          drag.current = { x: event.clientX, y: event.clientY, view, moved: false }
        }}
        onPointerMove={(event) => {
          const start = drag.current
          if (!start || event.buttons === 0) return
          const [dx, dy] = [event.clientX - start.x, event.clientY - start.y]
          if (!start.moved && Math.hypot(dx, dy) < 8) return
          start.moved = true
          setView({ ...start.view, x: start.view.x + dx, y: start.view.y + dy })
        }}
        onPointerUp={(event) => {
          const moved = drag.current?.moved
          drag.current = null
          if (!moved && event.target === svg.current) onChoose(null)
        }}
      >
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot hold a drawing */}
        <svg ref={svg} width="100%" height="100%" role="group" aria-label={tx('region', { n: entities.length })}>
          <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
            {links.map((link, index) => {
              const [from, to] = [placed.get(link.from), placed.get(link.to)]
              if (!from || !to) return null
              return (
                <path
                  key={`${link.from} ${link.to} ${link.label}`}
                  d={path(from, to, (index % 4) * 8)}
                  className={touches(link) ? 'co-schema-edge co-schema-edge-on' : 'co-schema-edge'}
                >
                  <title>{link.label}</title>
                </path>
              )
            })}
            {entities.map((entity) => {
              const box = placed.get(entity.key)
              if (!box) return null
              const fields = fieldsOf(model, entity.key)
              const dim = highlighted !== null && !highlighted.has(entity.key)
              return (
                // biome-ignore lint/a11y/useSemanticElements: a box of a drawing cannot be a button element
                <g
                  key={entity.key}
                  transform={`translate(${box.x} ${box.y})`}
                  role="button"
                  tabIndex={0}
                  aria-pressed={entity.key === chosen}
                  className={`co-schema-box${entity.key === chosen ? ' co-schema-box-on' : ''}${dim ? ' co-schema-dim' : ''}`}
                  onClick={() => {
                    if (!drag.current?.moved) onChoose(entity.key)
                  }}
                  onKeyDown={(event) => {
                    if (event.key === 'Enter' || event.key === ' ') {
                      event.preventDefault()
                      onChoose(entity.key)
                    } else if (event.key === 'Escape') onChoose(null)
                    else if (event.key === '+' || event.key === '-') zoom(event.key === '+' ? 1.25 : 0.8)
                    else if (event.key === '0') fitAll()
                    else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
                      event.preventDefault()
                      onChoose(arrow(entity.key, event.key === 'ArrowRight' ? 1 : -1))
                    }
                  }}
                >
                  <rect width={BOX_WIDTH} height={box.height} rx={8} />
                  <text x={12} y={22} className="co-schema-name">
                    {entity.name.slice(0, 26)}
                  </text>
                  {fields.slice(0, SHOWN_FIELDS).map((property, index) => (
                    <text key={property.column} x={12} y={HEAD + 14 + index * LINE} className="co-schema-field">
                      {`${property.column === entity.idColumn ? '# ' : property.ref ? '→ ' : ''}${property.column}`.slice(
                        0,
                        32,
                      )}
                    </text>
                  ))}
                  {fields.length > SHOWN_FIELDS ? (
                    <text x={12} y={HEAD + 14 + SHOWN_FIELDS * LINE} className="co-schema-field">
                      {tx('more', { n: fields.length - SHOWN_FIELDS })}
                    </text>
                  ) : null}
                </g>
              )
            })}
          </g>
        </svg>
        <svg
          className="co-schema-overview co-no-print"
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={tx('overview')}
          onPointerDown={(event) => {
            event.stopPropagation()
            const bounds = event.currentTarget.getBoundingClientRect()
            const scale = Math.max(width / bounds.width, height / bounds.height)
            const x = (event.clientX - bounds.left - bounds.width / 2) * scale + width / 2
            const y = (event.clientY - bounds.top - bounds.height / 2) * scale + height / 2
            setView((before) => ({
              ...before,
              x: (frame.current?.clientWidth ?? 0) / 2 - x * before.scale,
              y: (frame.current?.clientHeight ?? 0) / 2 - y * before.scale,
            }))
          }}
        >
          {[...placed.values()].map((box) => (
            <rect key={box.key} x={box.x} y={box.y} width={BOX_WIDTH} height={box.height} />
          ))}
          <rect
            className="co-schema-window"
            x={-view.x / view.scale}
            y={-view.y / view.scale}
            width={(frame.current?.clientWidth ?? 0) / view.scale}
            height={(frame.current?.clientHeight ?? 0) / view.scale}
          />
        </svg>
      </div>
    </div>
  )
}
