// Swagger UI on this server's OpenAPI document. Requests carry the token of whoever is signed in to the application in
// this browser tab, so that the document shows what this person may use and requests are made in their name.
;(() => {
  const config = window.civicOsConfig ?? {}
  const base = new URL(config.postgrestUrl || '/api/', location.href).href

  function token() {
    const keycloak = config.keycloak
    if (!keycloak?.url) return null
    const realm = keycloak.realm || 'civic-os'
    const client = keycloak.clientId || 'civic-os'
    const key = `oidc.user:${keycloak.url.replace(/\/$/, '')}/realms/${realm}:${client}`
    try {
      const kept = JSON.parse(sessionStorage.getItem(key) ?? 'null')
      const isFresh = kept?.access_token && kept.expires_at * 1000 > Date.now()
      return isFresh ? kept.access_token : null
    } catch {
      return null
    }
  }

  const bearer = token()
  document.getElementById('who').textContent = bearer
    ? 'Requests are made in your name.'
    : 'You are not signed in here: this is what everybody may use. Sign in to the application in this tab to see more.'

  window.SwaggerUIBundle({
    url: base,
    dom_id: '#swagger-ui',
    deepLinking: true,
    docExpansion: 'none',
    validatorUrl: null,
    supportedSubmitMethods: ['get', 'head', 'post', 'put', 'patch', 'delete'],
    requestInterceptor(request) {
      // The token is for our API and nobody else.
      const current = token()
      if (current && request.url.startsWith(base)) request.headers.Authorization = `Bearer ${current}`
      if (request.loadSpec) request.headers.Accept = 'application/openapi+json'
      return request
    },
  })
})()
