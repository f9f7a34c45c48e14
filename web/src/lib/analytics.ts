// Usage statistics in Matomo, where the operator has configured it (FEATURES.md §22). Spoken directly to
// Matomo's tracking address: no foreign script, no cookies. Nothing is sent for who switched it off here
// or asks every site not to be tracked; of a search only its length is told, and addresses go without
// their query.

import { runtimeConfig } from '~/config/runtime'
import { readSetting } from '~/lib/settings'

const VISITOR = 'civic_os_visit'
let user: string | null = null

export const analyticsConfigured = (): boolean => runtimeConfig.matomo !== null

/** The browser tells every site that it does not want this. */
export const browserForbidsAnalytics = (): boolean =>
  navigator.doNotTrack === '1' || (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl === true

const isOn = (): boolean => readSetting('analytics') !== 'false' && !browserForbidsAnalytics()

/** Sixteen hexadecimal digits that hold a visit together, as long as this tab lives. */
function visitor(): string {
  const known = sessionStorage.getItem(VISITOR)
  if (known) return known
  const made = crypto.randomUUID().replaceAll('-', '').slice(0, 16)
  sessionStorage.setItem(VISITOR, made)
  return made
}

function send(what: Readonly<Record<string, string>>): void {
  const { matomo } = runtimeConfig
  if (!matomo || !isOn()) return
  const body = new URLSearchParams({
    idsite: matomo.siteId,
    rec: '1',
    apiv: '1',
    send_image: '0',
    rand: String(Math.random()).slice(2),
    _id: visitor(),
    url: location.origin + location.pathname,
    ...(user ? { uid: user } : {}),
    ...what,
  })
  // Whether anybody listens is not the visitor's business.
  fetch(`${matomo.url}/matomo.php`, {
    method: 'POST',
    body,
    mode: 'no-cors',
    credentials: 'omit',
    keepalive: true,
  }).catch(() => undefined)
}

/** Who is signed in; null for nobody. */
export function analyticsPerson(id: string | null): void {
  user = id
}

export const trackPage = (): void => send({ action_name: location.pathname })

export function track(category: 'Auth' | 'Entity' | 'Search', action: string, name?: string, value?: number): void {
  send({
    e_c: category,
    e_a: action,
    ...(name === undefined ? {} : { e_n: name }),
    ...(value === undefined ? {} : { e_v: String(value) }),
    ca: '1',
  })
}
