// Runs in the hidden frame (silent sign-in) or in the window of its own (signing in again) after the
// identity provider has sent the browser back: hands the address with the answer to the page that
// asked. A frame has its parent; a window may have lost its opener on the way through another
// origin, so it uses a channel of this origin.
;(() => {
  if (window.parent !== window) {
    // keycloak-js waits for the bare address and takes the first message; our client only hears the second.
    window.parent.postMessage(window.location.href, window.location.origin)
    window.parent.postMessage(
      { source: 'oidc-client', url: window.location.href, keepOpen: false },
      window.location.origin,
    )
    return
  }
  new BroadcastChannel('civic-os-sign-in').postMessage(window.location.href)
  window.close()
  document.addEventListener('DOMContentLoaded', () => {
    document.body.textContent = document.body.dataset.done ?? ''
  })
})()
