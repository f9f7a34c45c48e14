// Reads what the client shows from a token: name and roles. Signatures are the server's business;
// nothing here decides what a person may do. Pure; tests beside it.

export interface Claims {
  id: string
  name: string
  email?: string
  roles: readonly string[]
}

type Loose = Record<string, unknown>
const record = (value: unknown): Loose => (typeof value === 'object' && value !== null ? (value as Loose) : {})
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : []

function payload(token: string): Loose {
  const part = token.split('.')[1]
  if (!part) return {}
  try {
    const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
    return record(JSON.parse(new TextDecoder().decode(bytes)))
  } catch {
    return {}
  }
}

/** Roles: the first non-empty of the realm's, the client's and the plain claim. */
function rolesOf(claims: Loose, clientId: string): string[] {
  const candidates = [
    record(claims.realm_access).roles,
    record(record(claims.resource_access)[clientId]).roles,
    claims.roles,
  ]
  return candidates.map(strings).find((roles) => roles.length > 0) ?? []
}

export function readClaims(accessToken: string, idToken: string, clientId: string): Claims {
  const access = payload(accessToken)
  const identity = { ...access, ...payload(idToken) }
  const text = (key: string) => {
    const value = identity[key]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const email = text('email')
  return {
    id: text('sub') ?? '',
    name: text('name') ?? text('preferred_username') ?? email ?? '?',
    email,
    roles: rolesOf(access, clientId),
  }
}
