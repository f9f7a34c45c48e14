#!/usr/bin/env bash
# Start of `serve`: seconds from the start of the process to the first answer of /ready, and memory at rest ten seconds later, for --role all and --role api,
# on a migrated database; median of ROUNDS (9) and the range.      BINARY, PGBIN as in api.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
export BINARY="${BINARY:-dist/civic-os}" PGBIN="${PGBIN:-$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")}"
exec python3 bench/start.py
