// Reads Markdown into a tree. Covers what texts of an application use: headings, paragraphs, lists,
// quotes, code, tables, rules; emphasis, code, links, images inside. HTML is not interpreted: tags
// are dropped (line breaks kept), so nothing needs sanitising. Pure; tests beside it.

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'strong' | 'em' | 'del'; children: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'link'; href: string; children: Inline[] }
  | { kind: 'image'; src: string; alt: string }
  | { kind: 'break' }

export type Block =
  | { kind: 'heading'; depth: number; children: Inline[] }
  | { kind: 'paragraph'; children: Inline[] }
  | { kind: 'list'; ordered: boolean; start: number; items: Block[][] }
  | { kind: 'quote'; children: Block[] }
  | { kind: 'code'; text: string }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'rule' }

/** Addresses a text may lead to; everything else (scripts above all) is not a link. */
export function safeHref(href: string): string | null {
  const trimmed = href.trim()
  if (/^(https?:|mailto:|tel:)/i.test(trimmed)) return trimmed
  return /^[a-z][a-z0-9+.-]*:/i.test(trimmed) || trimmed.startsWith('//') ? null : trimmed
}

const INLINE =
  /(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)|!\[([^\]]*)\]\(\s*<?([^)\s>]+)>?[^)]*\)|\[((?:[^[\]]|\[[^\]]*\])+)\]\(\s*<?([^)\s>]+)>?[^)]*\)|(\*\*|__)(?=\S)([\s\S]*?\S)\7|(\*|_)(?=\S)([\s\S]*?\S)\9(?![\w*])|~~(?=\S)([\s\S]*?\S)~~|<br\s*\/?>| {2,}\n|\\\n|<(https?:[^>\s]+)>|\bhttps?:\/\/[^\s<>()]+[^\s<>().,;:!?]|<\/?[a-z][^>]*>|\\([\\`*_{}[\]()#+.!|~>-])/i

export function readInline(text: string): Inline[] {
  const result: Inline[] = []
  const push = (plain: string) => {
    if (plain !== '') result.push({ kind: 'text', text: plain })
  }
  let rest = text
  for (;;) {
    const match = INLINE.exec(rest)
    if (!match) break
    push(rest.slice(0, match.index))
    const [whole, , code, alt, src, label, href, strongMark, strong, emMark, em, del, auto, escaped] = match
    if (code !== undefined) result.push({ kind: 'code', text: code.trim() })
    else if (src !== undefined) {
      const safe = safeHref(src)
      if (safe) result.push({ kind: 'image', src: safe, alt: alt ?? '' })
      else push(alt ?? '')
    } else if (href !== undefined && label !== undefined) {
      const safe = safeHref(href)
      if (safe) result.push({ kind: 'link', href: safe, children: readInline(label) })
      else result.push(...readInline(label))
    } else if (strongMark !== undefined) result.push({ kind: 'strong', children: readInline(strong ?? '') })
    else if (emMark !== undefined) result.push({ kind: 'em', children: readInline(em ?? '') })
    else if (del !== undefined) result.push({ kind: 'del', children: readInline(del) })
    else if (escaped !== undefined) push(escaped)
    else if (auto !== undefined) result.push({ kind: 'link', href: auto, children: [{ kind: 'text', text: auto }] })
    else if (/^https?:/i.test(whole)) {
      result.push({ kind: 'link', href: whole, children: [{ kind: 'text', text: whole }] })
    } else if (/^<br/i.test(whole) || whole.endsWith('\n')) result.push({ kind: 'break' })
    rest = rest.slice(match.index + whole.length)
  }
  push(rest)
  return result
}

const LIST_ITEM = /^(\s*)([-*+]|(\d{1,9})[.)])\s+(.*)$/
const STARTS_BLOCK = /^(#{1,6}\s|>|```|~~~|\s*([-*+]|\d{1,9}[.)])\s+\S|(\s*[-*_]){3,}\s*$)/

const cells = (line: string): Inline[][] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => readInline(cell.trim()))

interface Cursor {
  lines: readonly string[]
  at: number
}

/** Lines while `keep` says so. */
function take(cursor: Cursor, keep: (line: string, index: number) => boolean): string[] {
  const taken: string[] = []
  for (
    let line = cursor.lines[cursor.at];
    line !== undefined && keep(line, taken.length);
    line = cursor.lines[cursor.at]
  ) {
    taken.push(line)
    cursor.at++
  }
  return taken
}

function readList(cursor: Cursor, first: RegExpExecArray): Block {
  const indent = first[1]?.length ?? 0
  const ordered = first[3] !== undefined
  const items: Block[][] = []
  for (;;) {
    const match = LIST_ITEM.exec(cursor.lines[cursor.at] ?? '')
    if (!match || (match[1]?.length ?? 0) !== indent || (match[3] !== undefined) !== ordered) break
    cursor.at++
    const more = take(cursor, (line) => {
      const inner = LIST_ITEM.exec(line)
      if (inner) return (inner[1]?.length ?? 0) > indent
      return /^\s+\S/.test(line) && line.search(/\S/) > indent
    })
    const depth = Math.min(...more.map((line) => line.search(/\S/)), indent + 4)
    items.push(readMarkdown([match[4] ?? '', ...more.map((line) => line.slice(depth))].join('\n')))
  }
  return { kind: 'list', ordered, start: Number(first[3] ?? 1), items }
}

export function readMarkdown(text: string): Block[] {
  const cursor: Cursor = { lines: text.replaceAll('\r\n', '\n').split('\n'), at: 0 }
  const blocks: Block[] = []
  while (cursor.at < cursor.lines.length) {
    const line = cursor.lines[cursor.at] ?? ''
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line)
    const fence = /^(```|~~~)/.exec(line)?.[1]
    const item = LIST_ITEM.exec(line)
    if (line.trim() === '') {
      cursor.at++
    } else if (heading) {
      cursor.at++
      blocks.push({ kind: 'heading', depth: heading[1]?.length ?? 1, children: readInline(heading[2] ?? '') })
    } else if (fence) {
      cursor.at++
      blocks.push({ kind: 'code', text: take(cursor, (next) => !next.startsWith(fence)).join('\n') })
      cursor.at++
    } else if (/^(\s*[-*_]){3,}\s*$/.test(line)) {
      cursor.at++
      blocks.push({ kind: 'rule' })
    } else if (line.startsWith('>')) {
      const quoted = take(cursor, (next) => next.startsWith('>'))
      blocks.push({ kind: 'quote', children: readMarkdown(quoted.map((next) => next.replace(/^>\s?/, '')).join('\n')) })
    } else if (item) {
      blocks.push(readList(cursor, item))
    } else if (line.includes('|') && /^[\s|:-]*-[\s|:-]*$/.test(cursor.lines[cursor.at + 1] ?? '')) {
      const [head = '', , ...rows] = take(cursor, (next) => next.includes('|'))
      blocks.push({ kind: 'table', head: cells(head), rows: rows.map(cells) })
    } else {
      const paragraph = take(cursor, (next, index) => next.trim() !== '' && (index === 0 || !STARTS_BLOCK.test(next)))
      blocks.push({ kind: 'paragraph', children: readInline(paragraph.join('\n')) })
    }
  }
  return blocks
}
