// Who is signed in. The OpenID Connect library is loaded only when it has work to do: answering a
// redirect, renewing, signing in or out. A reload in the same tab reads the kept tokens directly.
// Pages use useSession(); lib/postgrest gets tokens through the source registered by startSession().

import { useSyncExternalStore } from 'react'
import { runtimeConfig } from '~/config/runtime'
import { track } from '~/lib/analytics'
import { eraseDrafts } from '~/lib/drafts'
import { callRpc, setTokenSource } from '~/lib/postgrest/client'
import { type Claims, readClaims } from './claims'

export type Session =
  | { state: 'starting' }
  | { state: 'anonymous'; problem?: 'sign-in-failed' }
  | { state: 'signed-in'; person: Claims }

/** Renew when the token has less than this left, in seconds. */
const RENEW_BELOW_S = 20
/** Remembers over tabs that a silent sign-in is worth trying. */
const SIGNED_IN_FLAG = 'civic_os_signed_in'

export interface Tokens {
  accessToken: string
  idToken: string
  /** Seconds since 1970. */
  expiresAt: number
}

let session: Session = { state: 'starting' }
let tokens: Tokens | null = null
let expired = false
let started: Promise<void> = Promise.resolve()
let renewal: Promise<boolean> | null = null
const listeners = new Set<() => void>()

function change(next: Session): void {
  session = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useSession = (): Session => useSyncExternalStore(subscribe, () => session)
/** True after the API refused the session; the shell then offers to sign in again. */
export const useSessionExpired = (): boolean => useSyncExternalStore(subscribe, () => expired)

const clientId = () => runtimeConfig.keycloak?.clientId ?? ''
const loadOidc = () => import('./oidc')

function adopt(next: Tokens | null): void {
  tokens = next
  if (next) {
    localStorage.setItem(SIGNED_IN_FLAG, '1')
    change({ state: 'signed-in', person: readClaims(next.accessToken, next.idToken, clientId()) })
  } else {
    localStorage.removeItem(SIGNED_IN_FLAG)
    change({ state: 'anonymous' })
  }
}

/** Copies profile and roles of a fresh token into the database; failure does not block the person. */
async function refreshProfile(): Promise<void> {
  try {
    await callRpc('refresh_current_user')
  } catch (error) {
    console.warn('refresh_current_user failed', error)
  }
}

/** Tokens kept by the library in this tab, read without loading it. */
function keptTokens(): Tokens | null {
  const { keycloak } = runtimeConfig
  if (!keycloak) return null
  const raw = sessionStorage.getItem(`oidc.user:${keycloak.url}/realms/${keycloak.realm}:${keycloak.clientId}`)
  if (!raw) return null
  try {
    const kept = JSON.parse(raw) as { access_token?: string; id_token?: string; expires_at?: number }
    if (!kept.access_token) return null
    return { accessToken: kept.access_token, idToken: kept.id_token ?? '', expiresAt: kept.expires_at ?? 0 }
  } catch {
    return null
  }
}

const secondsLeft = (kept: Tokens) => kept.expiresAt - Date.now() / 1000

async function renewOnce(): Promise<boolean> {
  const renewed = await (await loadOidc()).renewSilently().catch(() => null)
  if (!renewed) return false
  tokens = renewed
  change({ state: 'signed-in', person: readClaims(renewed.accessToken, renewed.idToken, clientId()) })
  return true
}

/** One renewal at a time, shared by everybody who asks meanwhile. */
function renew(): Promise<boolean> {
  renewal ??= renewOnce().finally(() => {
    renewal = null
  })
  return renewal
}

let answerExpiry: ((renewed: boolean) => void) | null = null
let expiry: Promise<boolean> | null = null

/** Asks the person to sign in again; requests wait for the answer and are then repeated once. */
function askToSignInAgain(): Promise<boolean> {
  expiry ??= new Promise((resolve) => {
    answerExpiry = resolve
    expired = true
    for (const listener of listeners) listener()
  })
  return expiry
}

function settleExpiry(renewed: boolean): void {
  expired = false
  answerExpiry?.(renewed)
  answerExpiry = null
  expiry = null
}

async function start(): Promise<void> {
  const query = new URLSearchParams(location.search)
  if (query.has('state') && (query.has('code') || query.has('error'))) {
    const oidc = await loadOidc()
    try {
      const { tokens: fresh, returnTo } = await oidc.finishSignIn(location.href)
      history.replaceState(null, '', returnTo)
      adopt(fresh)
      track('Auth', 'Login')
      void profileAfterStart()
    } catch (error) {
      console.warn('sign-in failed', error)
      history.replaceState(null, '', '/')
      change({ state: 'anonymous', problem: 'sign-in-failed' })
    }
    return
  }
  const kept = keptTokens()
  if (kept && secondsLeft(kept) > RENEW_BELOW_S) {
    adopt(kept)
    return
  }
  if (kept || localStorage.getItem(SIGNED_IN_FLAG)) {
    const fresh = await (await loadOidc()).renewSilently().catch(() => null)
    adopt(fresh)
    if (fresh) void profileAfterStart()
    return
  }
  change({ state: 'anonymous' })
}

async function profileAfterStart(): Promise<void> {
  await started
  await refreshProfile()
}

/** Finds out who is here. API requests wait for it. */
export function startSession(): void {
  eraseDrafts('old')
  setTokenSource({
    token: async () => {
      await started
      if (tokens && secondsLeft(tokens) < RENEW_BELOW_S) await renew()
      return tokens?.accessToken ?? null
    },
    renew: async (refused) => {
      if (tokens && tokens.accessToken !== refused) return true
      return (await renew()) || (await askToSignInAgain())
    },
  })
  started = runtimeConfig.keycloak
    ? start().catch((error: unknown) => {
        console.warn('starting the session failed', error)
        change({ state: 'anonymous' })
      })
    : Promise.resolve(change({ state: 'anonymous' }))
}

/** Leaves for the sign-in page and comes back to `returnTo`. */
export async function signIn(returnTo = location.pathname + location.search): Promise<void> {
  await (await loadOidc()).redirectToSignIn(returnTo)
}

/** Signs in again in a window of its own, so that forms stay as they are. False when it was closed. */
export async function signInAgain(): Promise<boolean> {
  try {
    adopt(await (await loadOidc()).signInByPopup())
  } catch (error) {
    console.warn('signing in again failed', error)
    return false
  }
  await refreshProfile()
  settleExpiry(true)
  return true
}

export async function signOut(): Promise<void> {
  const oidc = await loadOidc()
  track('Auth', 'Logout')
  localStorage.removeItem(SIGNED_IN_FLAG)
  eraseDrafts('all')
  await oidc.redirectToSignOut()
}

/** The person decided to go on without a session. */
export function forgetSession(): void {
  sessionStorage.clear()
  adopt(null)
  settleExpiry(false)
}
