// All text of the client comes from here. The catalogue is chosen once per page load; another
// language is one more file with the same keys.

import { formatMessage, type MessageValues } from './format-message'
import { en, type MessageKey } from './messages-en'

const locale: string = 'en'
const catalogue: Readonly<Record<MessageKey, string>> = en

/** Locale for numbers, dates and plurals: the browser's variant of the catalogue's language. */
export function currentLocale(): string {
  const preferred = globalThis.navigator?.languages?.find((tag) => tag.split('-')[0] === locale)
  return preferred ?? (locale === 'en' ? 'en-US' : locale)
}

export function t(key: MessageKey, values: MessageValues = {}): string {
  return formatMessage(catalogue[key], values, currentLocale())
}
