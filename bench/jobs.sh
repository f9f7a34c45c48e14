#!/usr/bin/env bash
# The job queue in a private cluster: throughput with jobs that do nothing, latency with and without notifications, a table with a
# million waiting jobs, and River's own benchmark on the same database where Go is there.
# BINARY, PGBIN as in api.sh; JOBS, WAITING, PARTS (words of: rounds poll waiting river)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8
BINARY="${BINARY:-dist/civic-os}" JOBS="${JOBS:-50000}" WAITING="${WAITING:-1000000}"
PGBIN="${PGBIN:-$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")}"
PARTS="${PARTS:-rounds poll waiting river}"
does() { [[ " $PARTS " == *" $1 "* ]]; }
# The version whose tables these are.
river=''
if does river && command -v go >/dev/null; then
  river="$PWD/.dev/river-bench"
  (cd bench/river && go build -o "$river" github.com/riverqueue/river/cmd/river)
fi
# shellcheck source=bench/private.sh
. bench/private.sh
start_cluster -c fsync=on -c synchronous_commit=on -c max_wal_size=4GB
psql -q -v ON_ERROR_STOP=1 -c "create role authenticator login noinherit password 'bench-only'"
owner="postgres://postgres@127.0.0.1:$port/bench"
export CIVIC_OS_DATABASE__OWNER_URL="$owner" CIVIC_OS_DATABASE__URL="postgres://authenticator:bench-only@127.0.0.1:$port/bench"
clean() { env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE "$@"; }
clean "$BINARY" migrate deploy >"$folder/migrate.log" 2>&1 || { cat "$folder/migrate.log"; exit 1; }
# A table like this is vacuumed all the time; here between the measurements.
settle() { psql -q -c 'vacuum (analyze) metadata.river_job' -c checkpoint; }
bench() { clean "$BINARY" jobs bench "$@"; }

settle
echo "== warm-up"; bench --jobs "$JOBS" --samples 50
if does rounds; then
  for round in 1 2 3; do
    settle
    echo "== $JOBS jobs, round $round"; bench --jobs "$JOBS" --samples 500 --rate 50
  done
fi
if does poll; then
  settle
  echo "== polling"; bench --jobs 1000 --samples 60 --rate 5 --poll
fi
if does waiting; then
  settle
  echo "== $WAITING jobs waiting behind them"; bench --jobs "$JOBS" --waiting "$WAITING" --samples 50
fi
if [ -n "$river" ]; then
  # It vacuums without naming the schema.
  psql -q -c 'alter database bench set search_path = metadata, public'
  # River's own benchmark: 2,000 workers, a cool-down of 2 ms; it empties the table itself.
  for round in 1 2 3; do
    echo "== River's own benchmark, round $round"
    "$river" bench --database-url "$owner" --schema metadata --num-total-jobs "$JOBS" | tail -n 1
    psql -q -c 'truncate metadata.river_job'
  done
fi
