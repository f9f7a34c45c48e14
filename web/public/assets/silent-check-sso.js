// Runs in the hidden frame (silent sign-in) or the popup (signing in again) after the identity
// provider has sent the browser back: hands the address with the answer to the window that asked.
;(() => {
  const asker = window.opener ?? window.parent
  if (asker && asker !== window) {
    asker.postMessage({ source: 'oidc-client', url: window.location.href, keepOpen: false }, window.location.origin)
  }
})()
