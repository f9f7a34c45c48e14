// Query strings as plain text pairs: names and values are those of the original client's bookmarks.

export type Search = Record<string, string>

export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text))
}

export function stringifySearch(search: Record<string, unknown>): string {
  const pairs = Object.entries(search).flatMap(([key, value]) =>
    value === undefined || value === null || value === '' ? [] : [[key, String(value)] as const],
  )
  if (pairs.length === 0) return ''
  const readable = (text: string) =>
    encodeURIComponent(text).replace(/%(2C|3A|28|29)/g, (encoded) => decodeURIComponent(encoded))
  return `?${pairs.map(([key, value]) => `${readable(key)}=${readable(value)}`).join('&')}`
}
