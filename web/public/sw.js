// Keeps the program's own files, which carry their hash in their name, and a page for when there is no
// connection. Data never passes through here: the API's answers are not kept.

const CACHE = 'civic-os-1'
const OFFLINE = ['/offline.html', '/assets/offline.css']

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(OFFLINE))
      .then(() => self.skipWaiting()),
  )
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  )
})

async function keep(request) {
  const cache = await caches.open(CACHE)
  const kept = await cache.match(request)
  if (kept) return kept
  const response = await fetch(request)
  if (response.ok) await cache.put(request, response.clone())
  return response
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (request.mode === 'navigate') {
    event.respondWith(fetch(request).catch(async () => (await caches.match('/offline.html')) ?? Response.error()))
  } else if (/^\/assets\/.+-[\w-]{8}\.(js|css)$/.test(url.pathname) || OFFLINE.includes(url.pathname)) {
    event.respondWith(keep(request))
  }
})
