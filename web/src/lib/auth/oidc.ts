// The OpenID Connect client: authorization code with PKCE against any provider under Keycloak's
// paths. A separate chunk; only lib/auth/session loads it.

import { OidcClient, User, UserManager, WebStorageStateStore } from 'oidc-client-ts'
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

/**
 * Signs in through a window of its own. The answer comes over a channel of this origin, because the
 * window may lose its connection to this page when the provider is at another origin; for the same
 * reason a closed window cannot be noticed, and whoever waits must be able to start again.
 */
export async function signInByPopup(): Promise<Tokens> {
  const popup = window.open('', 'civic-os-sign-in', 'popup,width=480,height=680')
  if (!popup) throw new Error('the window was blocked')
  const client = new OidcClient({ ...manager.settings, redirect_uri: `${location.origin}/silent-check-sso.html` })
  const { url } = await client.createSigninRequest({})
  const answer = new Promise<string>((resolve) => {
    const channel = new BroadcastChannel('civic-os-sign-in')
    channel.onmessage = (event: MessageEvent<unknown>) => {
      channel.close()
      resolve(String(event.data))
    }
  })
  popup.location.replace(url)
  const user = new User(await client.processSigninResponse(await answer))
  await manager.storeUser(user)
  return tokensOf(user)
}

export async function redirectToSignOut(): Promise<void> {
  await manager.signoutRedirect()
}
