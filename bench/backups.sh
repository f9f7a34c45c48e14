#!/usr/bin/env bash
# Backups of files: most memory and time of `create`, `verify`, `restore` into an empty bucket, into a folder, and over a bucket that has everything already;
# a bucket with 100 objects of 5 MB and one of 300 MB, served by the embedded store over HTTP. Median of ROUNDS (1).      BINARY, PGBIN as in api.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
export BINARY="${BINARY:-dist/civic-os}" PGBIN="${PGBIN:-$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")}"
exec python3 bench/backups.py
