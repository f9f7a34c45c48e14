// Measures what a browser fetches (encoded with brotli 11) until a page is interactive, from the
// build's manifest: index.html, the entry with its static imports and styles, and the route's chunk.
// Exits 1 when a budget is exceeded. Run after a build.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const out = fileURLToPath(new URL('../../static', import.meta.url))
const manifest = JSON.parse(readFileSync(join(out, 'build-manifest.json'), 'utf8'))
const PAGES = [
  {
    name: '/',
    chunks: ['src/features/dashboard/home-page.tsx', 'src/features/dashboard/dashboard-view.tsx'],
    budgetKb: 150,
  },
  { name: '/view/…', chunks: ['src/features/entity-list/list-page.tsx'], budgetKb: 230 },
  { name: '/view/…/…', chunks: ['src/features/entity-detail/detail-page.tsx'], budgetKb: 230 },
  { name: '/create/…', chunks: ['src/features/entity-form/form-page.tsx'], budgetKb: 230 },
]

function closure(key, seen = new Set()) {
  const chunk = manifest[key]
  if (!chunk || seen.has(key)) return seen
  seen.add(key)
  for (const next of chunk.imports ?? []) closure(next, seen)
  return seen
}

function encoded(file) {
  const raw = readFileSync(join(out, file))
  return {
    br: brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length,
    gz: gzipSync(raw, { level: 9 }).length,
  }
}

let failed = false
for (const page of PAGES) {
  const keys = new Set()
  for (const entry of ['index.html', ...page.chunks]) {
    if (!manifest[entry]) continue
    for (const key of closure(entry)) keys.add(key)
  }
  const files = new Set(['index.html'])
  for (const key of keys) {
    files.add(manifest[key].file)
    for (const css of manifest[key].css ?? []) files.add(css)
  }
  const total = { br: 0, gz: 0 }
  for (const file of files) {
    const size = encoded(file)
    total.br += size.br
    total.gz += size.gz
  }
  const over = total.br > page.budgetKb * 1000
  failed ||= over
  const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`
  console.log(
    `${page.name}: ${kb(total.br)} brotli, ${kb(total.gz)} gzip (budget ${page.budgetKb} kB)${over ? ' EXCEEDED' : ''}`,
  )
}
process.exit(failed ? 1 : 0)
