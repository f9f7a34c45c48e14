#!/usr/bin/env bash
# Resident memory under mixed load for MINUTES (20): the most, and its slope after the first quarter, in MB per ten minutes.
# Fails at 60 MB or at a slope of 1.      BINARY, PGBIN, CONNECTIONS, POOL as in api.sh.
# `soak.sh all`: all roles in one process under every kind of work (soak_all.py).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8
BINARY="${BINARY:-dist/civic-os}" MINUTES="${MINUTES:-20}" CONNECTIONS="${CONNECTIONS:-32}" POOL="${POOL:-10}"
PGBIN="${PGBIN:-$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")}"
export BINARY MINUTES PGBIN
[ "${1:-api}" != all ] || PYTHONDONTWRITEBYTECODE=1 exec python3 bench/soak_all.py
SECRET=bench-secret-of-more-than-thirty-two-bytes
# shellcheck source=bench/private.sh
. bench/private.sh
# shellcheck source=bench/tokens.sh
. bench/tokens.sh
start_cluster
psql -q -v ON_ERROR_STOP=1 -f bench/schema.sql
start_server error 'items?id=eq.1'
make_tokens
export TOKENS="$folder/tokens" PREFIX=''

end=$((SECONDS + MINUTES * 60))
(
  # One after the other, a few seconds each: every kind of request comes back again and again.
  while [ "$SECONDS" -lt "$end" ]; do
    for scenario in get_one list25 list25_jwt post_insert rpc list25_count; do
      [ "$scenario" != post_insert ] || psql -q -c 'truncate test.intake'
      SCENARIO="$scenario" wrk -t2 -c"$CONNECTIONS" -d5s -s bench/load.lua "$base" >/dev/null
    done
  done
) &
load=$!
while kill -0 "$load" 2>/dev/null && [ "$SECONDS" -lt "$end" ]; do
  sleep 5
  echo "$SECONDS $(awk '/^VmRSS/{ print $2 }' "/proc/$server/status")" >>"$folder/memory"
done
wait "$load" || true
awk '{ t[NR] = $1 / 600; m[NR] = $2 / 1024; if (m[NR] > most) most = m[NR] }
  END {
    for (i = int(NR / 4) + 1; i <= NR; i++) { n++; x += t[i]; y += m[i]; xx += t[i] * t[i]; xy += t[i] * m[i] }
    slope = (n * xy - x * y) / (n * xx - x * x)
    bad = most >= 60 || slope >= 1
    printf "%.1f minutes: %.1f MB at the start, %.1f MB at the end, at most %.1f MB (bound 60); slope %.2f MB per 10 minutes (bound 1)  %s\n",
      t[NR] * 10, m[1], m[NR], most, slope, bad ? "MISSED" : "ok"
    exit bad
  }' "$folder/memory"
