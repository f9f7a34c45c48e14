#!/usr/bin/env bash
# The job queue in a private cluster: throughput with jobs that do nothing, latency with and without notifications, a table with a
# million waiting jobs, and River's own client on the same database where Go is there.     BINARY, PGBIN as in api.sh; JOBS, WAITING
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8
BINARY="${BINARY:-dist/civic-os}" JOBS="${JOBS:-50000}" WAITING="${WAITING:-1000000}"
PGBIN="${PGBIN:-$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")}"
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
for round in 1 2 3; do
  settle
  echo "== $JOBS jobs, round $round"; bench --jobs "$JOBS" --samples 500 --rate 50
done
settle
echo "== polling"; bench --jobs 1000 --samples 60 --rate 5 --poll
settle
echo "== $WAITING jobs waiting behind them"; bench --jobs "$JOBS" --waiting "$WAITING" --samples 50
if command -v go >/dev/null; then
  (cd tests/river-go && go build -o "$folder/river-go" .)
  for round in 1 2 3; do
    psql -q -c 'truncate metadata.river_job'
    settle
    echo "== River's Go client, round $round"; DATABASE_URL="$owner" "$folder/river-go" bench "$JOBS"
  done
fi
