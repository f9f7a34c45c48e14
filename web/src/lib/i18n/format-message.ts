// Fills a message: `{name}` and `{n, plural, =0 {…} one {…} other {…}}`. The subset of ICU that the
// catalogues use. Pure; tests beside it.

export type MessageValues = Readonly<Record<string, string | number>>

/** Index of the brace that closes the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if (text[at] === '{') depth++
    else if (text[at] === '}' && --depth === 0) return at
  }
  return -1
}

function choosePlural(options: string, n: number, locale: string): string {
  const forms = new Map<string, string>()
  const head = /\s*(=?\w+)\s*\{/y
  let at = 0
  while (at < options.length) {
    head.lastIndex = at
    const match = head.exec(options)
    if (!match?.[1]) break
    const open = head.lastIndex - 1
    const end = closing(options, open)
    if (end < 0) break
    forms.set(match[1], options.slice(open + 1, end))
    at = end + 1
  }
  const category = new Intl.PluralRules(locale).select(n)
  const form = forms.get(`=${n}`) ?? forms.get(category) ?? forms.get('other') ?? ''
  return form.replaceAll('#', new Intl.NumberFormat(locale).format(n))
}

export function formatMessage(message: string, values: MessageValues, locale: string): string {
  let result = ''
  let at = 0
  while (at < message.length) {
    const open = message.indexOf('{', at)
    const end = open < 0 ? -1 : closing(message, open)
    if (end < 0) return result + message.slice(at)
    result += message.slice(at, open)
    const inner = message.slice(open + 1, end)
    const plural = /^\s*(\w+)\s*,\s*plural\s*,/.exec(inner)
    if (plural?.[1]) {
      const n = Number(values[plural[1]] ?? 0)
      result += formatMessage(choosePlural(inner.slice(plural[0].length), n, locale), values, locale)
    } else {
      const value = values[inner.trim()]
      result += typeof value === 'number' ? new Intl.NumberFormat(locale).format(value) : (value ?? '')
    }
    at = end + 1
  }
  return result
}
