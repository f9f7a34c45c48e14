// Texts of one area of the client that is loaded on its own: English and Spanish side by side, in the
// chunk of the area, so that the first page does not carry them. The main catalogue is messages-en.ts.

import { formatMessage, type MessageValues } from './format-message'
import { currentLanguage, currentLocale } from './t'

export type Texts<K extends string = string> = Readonly<{
  en: Readonly<Record<K, string>>
  es: Readonly<Record<K, string>>
}>

/** The `t` of an area. A key that only one language has is a type error. */
export function area<const E extends Readonly<Record<string, string>>>(catalogues: {
  en: E
  es: Readonly<Record<keyof E, string>>
}) {
  return (key: keyof E & string, values: MessageValues = {}): string => {
    const texts: Readonly<Record<string, string>> = currentLanguage() === 'es' ? catalogues.es : catalogues.en
    return formatMessage(texts[key] ?? key, values, currentLocale())
  }
}
