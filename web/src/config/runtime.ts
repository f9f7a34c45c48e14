// What the server tells the client at run time: window.civicOsConfig, written by /assets/config.js
// before this bundle starts. Everything has a default so that a partial object cannot break the start.

interface Branding {
  name: string
  logo?: string
  color?: string
  colorDark?: string
}

export interface RuntimeConfig {
  /** Base of the REST API, always with a trailing slash. */
  postgrestUrl: string
  swaggerUrl: string
  version: string
  keycloak: { url: string; realm: string; clientId: string } | null
  map: MapConfig
  /** Object store; an empty endpoint means that there is none. */
  s3: { endpoint: string; bucket: string; private: boolean }
  /** At most one of them: Stripe's key for browsers, or the address of the sandbox. */
  stripe: { publishableKey: string; sandbox: string }
  /** Door of the embedded provider's administration of people; empty with a foreign provider. */
  userAdministration: string
  matomo: { url: string; siteId: string } | null
  /** The organisation's IANA zone; null where the operator named none. */
  timeZone: string | null
  branding: Branding
}

interface MapConfig {
  /** Template of tile addresses; null where maps have no background. */
  tileUrl: string | null
  tileUrlDark: string | null
  attribution: string
  center: { lat: number; lng: number }
  zoom: number
}

type Loose = Record<string, unknown>

const record = (value: unknown): Loose => (typeof value === 'object' && value !== null ? (value as Loose) : {})
const number = (value: unknown, fallback: number): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : fallback
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** Completes the object the server sent; unknown members are ignored. */
/** A zone that this browser knows. */
function zone(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone
  } catch {
    return null
  }
}

function readRuntimeConfig(source: unknown): RuntimeConfig {
  const given = record(source)
  const keycloak = record(given.keycloak)
  const branding = record(given.branding)
  const url = text(keycloak.url)
  const map = record(given.map)
  const s3 = record(given.s3)
  const matomo = record(given.matomo)
  const [lat, lng] = Array.isArray(map.defaultCenter) ? (map.defaultCenter as unknown[]) : []
  const base = text(given.postgrestUrl) ?? '/api/'
  return {
    postgrestUrl: base.endsWith('/') ? base : `${base}/`,
    swaggerUrl: text(given.swaggerUrl) ?? '/api-docs/',
    version: text(given.version) ?? '',
    keycloak: url
      ? {
          url: url.replace(/\/$/, ''),
          realm: text(keycloak.realm) ?? 'civic-os',
          clientId: text(keycloak.clientId) ?? 'civic-os',
        }
      : null,
    map: {
      tileUrl: text(map.tileUrl) ?? null,
      tileUrlDark: text(map.tileUrlDark) ?? null,
      attribution: text(map.attribution) ?? '',
      center: { lat: number(lat, 43.0125), lng: number(lng, -83.6875) },
      zoom: number(map.defaultZoom, 13),
    },
    s3: {
      endpoint: (text(s3.endpoint) ?? '').replace(/\/$/, ''),
      bucket: text(s3.bucket) ?? '',
      private: s3.private === true,
    },
    userAdministration: text(given.userAdministration) ?? '',
    stripe: {
      publishableKey: text(record(given.stripe).publishableKey) ?? '',
      sandbox: text(record(given.stripe).sandbox) ?? '',
    },
    matomo:
      matomo.enabled === true && text(matomo.url) && text(matomo.siteId)
        ? { url: String(matomo.url).replace(/\/$/, ''), siteId: String(matomo.siteId) }
        : null,
    timeZone: zone(given.timeZone),
    branding: {
      name: text(branding.name) ?? 'Civic OS',
      logo: text(branding.logo),
      color: text(branding.color),
      colorDark: text(branding.colorDark),
    },
  }
}

export const runtimeConfig = readRuntimeConfig((globalThis as { civicOsConfig?: unknown }).civicOsConfig)
