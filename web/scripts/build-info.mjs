// Proves that ../static was built from the sources in this folder.
//
// Algorithm: take every source file that can influence the build (see SOURCES; tests and e2e
// cannot), sort the paths by their bytes, write one line "<sha256 of the file>  <path>\n" for each,
// and take the sha256 of these lines. That is what this shell line prints as well:
//   cd web && node scripts/build-info.mjs --files | xargs sha256sum | sha256sum
//
//   node scripts/build-info.mjs            print the hash of the sources
//   node scripts/build-info.mjs --files    print the files that count
//   node scripts/build-info.mjs --write    write it to ../static/build-info.json (after a build)
//   node scripts/build-info.mjs --check    exit 1 if ../static was built from other sources
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const web = fileURLToPath(new URL('..', import.meta.url))
const infoFile = join(web, '../static/build-info.json')
const SOURCES = ['index.html', 'package.json', 'package-lock.json', 'vite.config.ts', 'tsconfig.json', 'public', 'src']
const IGNORED = /\.test\.tsx?$/

function filesUnder(path) {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path).flatMap((name) => filesUnder(join(path, name)))
}

const sha256 = (data) => createHash('sha256').update(data).digest('hex')
const files = SOURCES.flatMap((source) => filesUnder(join(web, source)))
  .map((file) => relative(web, file))
  .filter((file) => !IGNORED.test(file))
  .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
const hash = sha256(files.map((file) => `${sha256(readFileSync(join(web, file)))}  ${file}\n`).join(''))

const verb = process.argv[2]
if (verb === '--files') {
  process.stdout.write(`${files.join('\n')}\n`)
} else if (verb === '--write') {
  writeFileSync(infoFile, `${JSON.stringify({ algorithm: 'sha256 of sha256sum lines', sources: hash }, null, 2)}\n`)
} else if (verb === '--check') {
  let built = 'nothing'
  try {
    built = JSON.parse(readFileSync(infoFile, 'utf8')).sources
  } catch {
    // A missing or unreadable file counts as "never built".
  }
  if (built !== hash) {
    console.error(`static/ is stale: built from ${built}, web/ is ${hash}. Run: npm --prefix web run build`)
    process.exit(1)
  }
  console.log('static/ is fresh')
} else {
  console.log(hash)
}
