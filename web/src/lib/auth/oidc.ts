// The OpenID Connect client: authorization code with PKCE against any provider under Keycloak's
// paths. A separate chunk; only lib/auth/session loads it.

import { type User, UserManager, WebStorageStateStore } from 'oidc-client-ts'
import { runtimeConfig } from '~/config/runtime'
import type { Tokens } from './session'

function createManager(): UserManager {
  const { keycloak } = runtimeConfig
  if (!keycloak) throw new Error('no identity provider is configured')
  return new UserManager({
    authority: `${keycloak.url}/realms/${keycloak.realm}`,
    client_id: keycloak.clientId,
    redirect_uri: `${location.origin}/`,
    post_logout_redirect_uri: `${location.origin}/`,
    silent_redirect_uri: `${location.origin}/silent-check-sso.html`,
    popup_redirect_uri: `${location.origin}/silent-check-sso.html`,
    scope: 'openid',
    userStore: new WebStorageStateStore({ store: sessionStorage }),
    stateStore: new WebStorageStateStore({ store: sessionStorage }),
    automaticSilentRenew: false,
    silentRequestTimeoutInSeconds: 8,
    loadUserInfo: false,
  })
}

const manager = createManager()

function tokensOf(user: User): Tokens {
  return { accessToken: user.access_token, idToken: user.id_token ?? '', expiresAt: user.expires_at ?? 0 }
}

export async function redirectToSignIn(returnTo: string): Promise<void> {
  await manager.signinRedirect({ state: returnTo })
}

export async function finishSignIn(url: string): Promise<{ tokens: Tokens; returnTo: string }> {
  const user = await manager.signinRedirectCallback(url)
  const state = typeof user.state === 'string' ? user.state : '/'
  return { tokens: tokensOf(user), returnTo: state.startsWith('/') && !state.startsWith('//') ? state : '/' }
}

/** By refresh token, else by a hidden frame. Null when the provider knows nobody. */
export async function renewSilently(): Promise<Tokens | null> {
  const user = await manager.signinSilent()
  return user ? tokensOf(user) : null
}

export async function signInByPopup(): Promise<Tokens> {
  return tokensOf(await manager.signinPopup())
}

export async function redirectToSignOut(): Promise<void> {
  await manager.signoutRedirect()
}
