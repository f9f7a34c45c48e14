// All text of the client comes from here. The catalogue is chosen once per page load, before the
// first render; another language is one more file with the same keys and one line in LANGUAGES.

import { readSetting, saveSetting } from '~/lib/settings'
import { formatMessage, type MessageValues } from './format-message'
import { en, type MessageKey } from './messages-en'

type Catalogue = Readonly<Record<MessageKey, string>>

export const LANGUAGES = [
  { tag: 'en', name: 'English', load: async (): Promise<Catalogue> => en },
  { tag: 'es', name: 'Español', load: async (): Promise<Catalogue> => (await import('./messages-es')).es },
] as const

let language = 'en'
let catalogue: Catalogue = en

/** Locale for numbers, dates and plurals: the browser's variant of the catalogue's language. */
export function currentLocale(): string {
  const preferred = globalThis.navigator?.languages?.find((tag) => tag.split('-')[0] === language)
  return preferred ?? (language === 'en' ? 'en-US' : language)
}

export const currentLanguage = (): string => language

/** The person's choice, else the first language of the browser that there is, else English. */
export async function startLanguage(): Promise<void> {
  const wanted = [readSetting('language'), ...navigator.languages.map((tag) => tag.split('-')[0])]
  const found = wanted.map((tag) => LANGUAGES.find((candidate) => candidate.tag === tag)).find(Boolean)
  try {
    await adoptCatalogue(found ?? LANGUAGES[0])
  } catch (error) {
    console.warn('the language could not be loaded', error)
  }
}

async function adoptCatalogue({ tag, load }: (typeof LANGUAGES)[number]): Promise<void> {
  catalogue = await load()
  language = tag
  document.documentElement.lang = tag
}

/** Keeps the choice and loads the page again, so that every text is in one language. */
export async function chooseLanguage(tag: string): Promise<void> {
  await saveSetting('language', tag)
  location.reload()
}

export function t(key: MessageKey, values: MessageValues = {}): string {
  return formatMessage(catalogue[key], values, currentLocale())
}
