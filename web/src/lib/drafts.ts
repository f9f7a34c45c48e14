// What was typed into a form and not saved, kept in this browser: per person, record type and record,
// for seven days, erased when it is saved, discarded or the person signs out.

export type DraftValues = Readonly<Record<string, string | boolean | null>>

export interface Draft {
  values: DraftValues
  /** Milliseconds since 1970. */
  savedAt: number
}

const PREFIX = 'civic_os_draft:'
const MAX_AGE_MS = 7 * 24 * 3600 * 1000

export const draftKey = (person: string, entity: string, record: string | null): string =>
  `${PREFIX}${person}:${entity}:${record ?? 'new'}`

function parse(text: string | null): Draft | null {
  if (!text) return null
  try {
    const { values, savedAt } = JSON.parse(text) as Partial<Draft>
    return values && typeof savedAt === 'number' ? { values, savedAt } : null
  } catch {
    return null
  }
}

export function readDraft(key: string, now = Date.now()): Draft | null {
  const draft = parse(localStorage.getItem(key))
  return draft && now - draft.savedAt < MAX_AGE_MS ? draft : null
}

/** Full or forbidden storage loses the draft, never the form. */
export function writeDraft(key: string, values: DraftValues, now = Date.now()): void {
  try {
    localStorage.setItem(key, JSON.stringify({ values, savedAt: now }))
  } catch (error) {
    console.warn('the draft was not kept', error)
  }
}

export function eraseDraft(key: string): void {
  localStorage.removeItem(key)
}

/** Erases all drafts, or only those that are too old. */
export function eraseDrafts(which: 'all' | 'old', now = Date.now()): void {
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(PREFIX)) continue
    const draft = parse(localStorage.getItem(key))
    if (which === 'all' || !draft || now - draft.savedAt >= MAX_AGE_MS) localStorage.removeItem(key)
  }
}
