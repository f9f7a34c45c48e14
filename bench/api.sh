#!/usr/bin/env bash
# CPU time per request of the server and of PostgreSQL in six scenarios, against their bounds; and PostgreSQL's own
# limit for the same transactions (pgbench). Everything is private: a cluster in a temporary folder, free ports.
#
#   bench/api.sh [SCENARIO ...]     get_one list25 list25_jwt post_insert rpc list25_count   (default: all)
#
# BINARY=dist/civic-os   DURATION=10 seconds   ROUNDS=3   CONNECTIONS=32   POOL=10   PGBIN=/usr/lib/postgresql/*/bin
# KEEP=1 leaves server and cluster running and prints how to reach them.    LIMITS=0 leaves pgbench out.
#
# The machine must be quiet: `other` is what all other processes used, in cores; trust a line only where it is near 0.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8

BINARY="${BINARY:-dist/civic-os}"
DURATION="${DURATION:-10}" ROUNDS="${ROUNDS:-3}" CONNECTIONS="${CONNECTIONS:-32}" POOL="${POOL:-10}"
PGBIN="${PGBIN:-$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")}"
SECRET=bench-secret-of-more-than-thirty-two-bytes
SCENARIOS=("$@")
[ ${#SCENARIOS[@]} -gt 0 ] || SCENARIOS=(get_one list25 list25_jwt post_insert rpc list25_count)
for tool in wrk openssl curl "$BINARY" "$PGBIN/postgres"; do
  command -v "$tool" >/dev/null || { echo "bench: $tool is missing" >&2; exit 1; }
done

# CPU bounds in µs per request: server, PostgreSQL; and the pgbench script with the same transaction.
declare -A BOUND=([get_one]='80 70' [list25]='110 200' [list25_jwt]='120 220' [post_insert]='120 180' [rpc]='90 170' [list25_count]='130 700')
declare -A LIMIT=([get_one]=pipe_one [list25]=pipe_list [list25_jwt]=pipe_list_jwt [post_insert]=pipe_insert_jwt [rpc]=pipe_rpc)

# shellcheck source=bench/private.sh
. bench/private.sh
# shellcheck source=bench/tokens.sh
. bench/tokens.sh
start_cluster
psql -q -v ON_ERROR_STOP=1 -f bench/schema.sql
start_server error 'items?id=eq.1'

make_tokens
export TOKENS="$folder/tokens" PREFIX=''

if [ -n "${KEEP:-}" ]; then
  trap - EXIT INT TERM
  echo "server $base (pid $server), database port $port (pid $postmaster), folder $folder, tokens $folder/tokens"
  exit 0
fi

# -------------------------------------------------------------------------------------------------------------- figures
printf '%-13s %5s %7s %7s %7s %6s %11s %13s %6s %6s %6s %5s\n' \
  scenario round req/s p50_ms p99_ms errors server_µs postgres_µs s_cor pg_cor other rss
for round in $(seq "$ROUNDS"); do
  for scenario in "${SCENARIOS[@]}"; do
    export SCENARIO="$scenario"
    [ "$scenario" != post_insert ] || psql -q -c 'truncate test.intake' -c checkpoint
    wrk -t2 -c"$CONNECTIONS" -d2s -s bench/load.lua "$base" >/dev/null
    s0="$(ticks "$server")" p0="$(database_ticks)" b0="$(busy_ticks)"
    TIMEFORMAT='%U %S'
    { time wrk -t2 -c"$CONNECTIONS" -d"${DURATION}s" -s bench/load.lua "$base" >"$folder/wrk"; } 2>"$folder/time"
    s1="$(ticks "$server")" p1="$(database_ticks)" b1="$(busy_ticks)"
    read -r _ requests duration p50 p99 errors < <(grep '^RESULT' "$folder/wrk")
    read -r server_bound database_bound <<<"${BOUND[$scenario]}"
    awk -v name="$scenario" -v round="$round" -v n="$requests" -v d="$duration" -v p50="$p50" -v p99="$p99" -v e="$errors" \
      -v s=$((s1 - s0)) -v p=$((p1 - p0)) -v b=$((b1 - b0)) -v w="$(awk '{ print $1 + $2 }' "$folder/time")" -v hz="$hz" \
      -v sb="$server_bound" -v pb="$database_bound" -v rss="$(resident)" 'BEGIN {
        t = d / 1e6; n = n ? n : 1
        printf "%-13s %5d %7.0f %7.2f %7.2f %6d %5.0f (%3d) %6.0f (%3d) %6.2f %6.2f %6.2f %4dM\n", name, round, n / t, p50, p99, e,
          s / hz * 1e6 / n, sb, p / hz * 1e6 / n, pb, s / hz / t, p / hz / t, (b - s - p) / hz / t - w / t, rss }'
  done
done | tee "$folder/figures"

[ "${LIMITS:-1}" = 1 ] || exit 0
echo
echo "pgbench, the same transaction as one pipeline, $POOL clients: PostgreSQL's CPU per transaction, and ours against it"
# pgbench parses the whole pipeline as the login, before the role is set.
psql -q -c 'grant usage on schema test to authenticator'
for scenario in "${SCENARIOS[@]}"; do
  script="${LIMIT[$scenario]:-}"
  [ -n "$script" ] || continue
  p0="$(database_ticks)"
  # The sessions end with pgbench, so their time is read from the postmaster's reaped children.
  c0="$(sed 's/^.*) //' "/proc/$postmaster/stat" | awk '{ print $14 + $15 }')"
  PGPASSWORD=bench-only "$PGBIN/pgbench" -U authenticator -n -M prepared -c "$POOL" -j 2 -T "$DURATION" \
    -f "bench/pgbench/$script.sql" >"$folder/pgbench" 2>&1 || { cat "$folder/pgbench" >&2; exit 1; }
  sleep 0.3
  p1="$(database_ticks)"
  c1="$(sed 's/^.*) //' "/proc/$postmaster/stat" | awk '{ print $14 + $15 }')"
  transactions="$(awk '/actually processed/{ print $NF }' "$folder/pgbench" | cut -d/ -f1)"
  ours="$(awk -v name="$scenario" '$1 == name { gsub(/[()]/, " "); print $9 }' "$folder/figures" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')"
  awk -v name="$scenario" -v n="$transactions" -v t=$((p1 - p0 + c1 - c0)) -v hz="$hz" -v ours="$ours" -v d="$DURATION" 'BEGIN {
    u = t / hz * 1e6 / n
    printf "%-13s %7.0f tps %6.0f µs, ours %6.0f µs = %.2f\n", name, n / d, u, ours, ours / u }'
done
