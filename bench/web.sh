#!/usr/bin/env bash
# The web client's bounds in a real browser: bytes, first paint on a slow line and processor, click to painted,
# a table of 100,000 rows, typing, the check of an import, memory. Prints one line per figure; exits 1 when a bound is not met.
#
#   bench/web.sh [NAME ...]      bytes slow click large typing picker import memory   (default: all)
#
# BINARY=dist/civic-os   CHROMIUM=chromium
# The machine must be quiet: the browser slows its own processor, not that of others.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
CIVIC_OS_BINARY="$(realpath "${BINARY:-dist/civic-os}")"
CHROMIUM="$(command -v "${CHROMIUM:-chromium}")" || { echo "bench: no Chromium in PATH" >&2; exit 1; }
export CIVIC_OS_BINARY CHROMIUM
[ -d web/node_modules/playwright-core ] || { echo "bench: run 'npm --prefix web ci' first" >&2; exit 1; }
exec node web/e2e/speed.mjs "$@"
