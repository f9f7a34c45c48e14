// Builds the client into ../static, from where the server binary embeds it. Output is uncompressed:
// compression happens when the binary is built.

import { copyFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

// Swagger UI is taken as its makers build it; our page around it is in public/api-docs.
const swaggerUi: Plugin = {
  name: 'swagger-ui',
  writeBundle(options) {
    const from = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
    for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
      copyFileSync(join(from, file), join(options.dir ?? '', 'api-docs', file))
    }
  },
}

export default defineConfig({
  plugins: [react(), swaggerUi],
  resolve: { alias: { '~': new URL('./src', import.meta.url).pathname } },
  build: {
    outDir: '../static',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: 'build-manifest.json',
    rolldownOptions: {
      output: {
        // Few files: what every page needs comes in two, so that a slow line has few round trips.
        codeSplitting: {
          groups: [
            // Long pages of a list alone need to draw parts of themselves.
            {
              name: 'vendor',
              test: /rolldown.runtime|node_modules\/((react|react-dom|scheduler)\/|@tanstack\/(?!react-virtual|virtual-core))/,
            },
            // Not what only some pages use: the other language, maps, texts with markup, pickers.
            {
              name: 'shared',
              test: /src\/(lib|components|config)\/(?!.*(oidc|map-|messages-es|markdown|combobox|calendar|register|privacy|postgrest\/bulk|form-dialog))/,
            },
            {
              name: 'home',
              test: /src\/features\/dashboard\/(home|dashboard-data|dashboard-view|dashboard\.css|widgets\.tsx|widget-parts|widget-config)/,
            },
            // What a field needs only when it is used stays out of it.
            { name: 'fields', test: /src\/property-types\/(?!inline-create|file-field|file-viewer)/ },
          ],
        },
      },
      // The server writes this file from its configuration; it is not part of the bundle.
      external: ['/assets/config.js'],
    },
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/realms', '/assets/config.js', '/events', '/health'].map((path) => [
        path,
        process.env.CIVIC_OS_URL ?? 'http://127.0.0.1:8000',
      ]),
    ),
  },
  test: { env: { TZ: 'America/New_York' }, environment: 'node', include: ['src/**/*.test.ts', 'src/**/*.test.tsx'] },
} as Parameters<typeof defineConfig>[0])
