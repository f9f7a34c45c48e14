#!/usr/bin/env bash
# The embedded store with OBJECTS (400,000: 100,000 uploads with their previews): start, memory of its own, reads, a listing of all of it, memory afterwards.
# Fails above 60 MB at rest or 100 MB in the listing.      BINARY, PGBIN as in api.sh; BEFORE names another binary to compare with.
# STORE_FOLDER=… keeps the objects for the next run; with SEED_ONLY=1 they are only made.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8
PGBIN="${PGBIN:-$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")}"
export PGBIN
for binary in ${BEFORE:+"$BEFORE"} "${BINARY:-dist/civic-os}"; do
  BINARY="$(realpath "$binary")" PYTHONDONTWRITEBYTECODE=1 python3 bench/store_objects.py
done
