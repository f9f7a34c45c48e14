// Rendered HTML of a template, with its own styles, in a frame that runs no scripts.
//
// The page's content policy forbids inline styles, and a frame of its own text inherits it. The frame
// therefore gets the text without them, and its styles through the object model, which the policy
// leaves alone: nothing that was written in the text is ever run. `allow-same-origin` lets this page
// reach into the frame; without `allow-scripts` nothing in the frame can reach out.

import { useMemo } from 'react'

interface Split {
  html: string
  /** Style attributes by the number in the place of each. */
  attributes: readonly string[]
  sheets: readonly string[]
}

const MARK = 'data-style'

/** The text and its styles apart. A template's content is inert: nothing in it loads or runs. */
function split(html: string): Split {
  const attributes: string[] = []
  const sheets: string[] = []
  const template = document.createElement('template')
  // Renamed before anything is parsed: a parsed style attribute is already a breach of the policy.
  template.innerHTML = html.replace(/(<[a-z][^<>]*?\s)style(\s*=)/gi, `$1${MARK}$2`)
  for (const element of template.content.querySelectorAll(`[${MARK}]`)) {
    attributes.push(element.getAttribute(MARK) ?? '')
    element.setAttribute(MARK, String(attributes.length - 1))
  }
  for (const element of template.content.querySelectorAll('style')) {
    sheets.push(element.textContent ?? '')
    element.remove()
  }
  for (const element of template.content.querySelectorAll('script, base, meta, link, iframe, object, embed')) {
    element.remove()
  }
  return { html: template.innerHTML, attributes, sheets }
}

function dress(frame: HTMLIFrameElement, { attributes, sheets }: Split): void {
  const inside = frame.contentDocument
  const Sheet = (frame.contentWindow as (Window & typeof globalThis) | null)?.CSSStyleSheet
  if (!inside || !Sheet) return
  inside.adoptedStyleSheets = sheets.map((text) => {
    const sheet = new Sheet()
    sheet.replaceSync(text)
    return sheet
  })
  for (const element of inside.querySelectorAll<HTMLElement>(`[${MARK}]`)) {
    element.style.cssText = attributes[Number(element.getAttribute(MARK))] ?? ''
    element.removeAttribute(MARK)
  }
}

export function HtmlPreview({ html, title }: { html: string; title: string }) {
  const parts = useMemo(() => split(html), [html])
  return (
    <iframe
      className="co-template-frame"
      sandbox="allow-same-origin"
      title={title}
      srcDoc={`<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data: https:">${parts.html}`}
      onLoad={(event) => dress(event.currentTarget, parts)}
    />
  )
}
