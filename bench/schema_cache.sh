#!/usr/bin/env bash
# The schema cache against its bounds, in private clusters:   bench/schema_cache.sh [large | core | reload ...]   (all)
#   large    TABLES tables (60000), half of them with a foreign key: time and memory of a load and of reloads
#   core     the reference core, as `civic-os migrate deploy` makes it
#   reload   a schema of RELOAD_TABLES tables (10000) with five foreign keys each is reloaded while RATE requests (200) a
#            second arrive, whether earlier ones are answered or not
# BINARY, PGBIN as in api.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8
BINARY="${BINARY:-dist/civic-os}" TABLES="${TABLES:-60000}" RELOAD_TABLES="${RELOAD_TABLES:-10000}" RATE="${RATE:-200}" POOL=4
PGBIN="${PGBIN:-$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")}"
SECRET=bench-secret-of-more-than-thirty-two-bytes
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(large core reload)
# shellcheck source=bench/private.sh
. bench/private.sh
start_cluster -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_locks_per_transaction=2000 -c autovacuum=off
failed=0

# verdict NAME FIGURE BOUND UNIT
verdict() {
  awk -v n="$1" -v f="$2" -v b="$3" -v u="$4" 'BEGIN { printf "%-45s %8.2f %s (bound %g)  %s\n", n, f, u, b, f < b ? "ok" : "MISSED"; exit f >= b }' ||
    failed=1
}
loads() { grep -c 'schema cache loaded' "$folder/server.log" || true; }

# reload NAME: seconds of one reload, in `seconds`; prints what it cost
reload() {
  local before started t0
  before="$(loads)" started="$EPOCHREALTIME" t0="$(ticks "$server")"
  # Not by a notification: starting psql takes longer than reading a small schema.
  kill -USR1 "$server"
  until [ "$(loads)" -gt "$before" ]; do sleep 0.002; done
  seconds="$(awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }')"
  peak="$(awk '/^VmHWM/{ printf "%.0f", $2 / 1024 }' "/proc/$server/status")"
  awk -v n="$1" -v s="$seconds" -v t=$(($(ticks "$server") - t0)) -v hz="$hz" -v rss="$(resident)" -v peak="$peak" \
    'BEGIN { printf "%s: %.3f s, server CPU %.2f s, resident %d MB, peak %d MB\n", n, s, t / hz, rss, peak }'
}

# part NAME SCHEMA-SQL: a fresh database with a server on it
part() {
  stop_server
  export PGDATABASE=postgres
  psql -q -c 'drop database if exists bench with (force)' -c 'create database bench'
  export PGDATABASE=bench
  : >"$folder/server.log"
}
stop_server() {
  [ -n "$server" ] || return 0
  kill "$server" && wait "$server" 2>/dev/null || true
  server=''
}
best() { printf '%s\n' "$@" | sort -n | head -1; }

large() {
  part
  psql -q -v ON_ERROR_STOP=1 -f bench/schema.sql
  psql -q -v ON_ERROR_STOP=1 <<SQL
do \$\$ begin
  for n in 1 .. $TABLES loop
    execute format('create table test.t%s (id int primary key, name text not null, amount numeric(10,2), at timestamptz default now()%s)',
      n, case when n % 2 = 0 then format(', parent int references test.t%s', n - 1) else '' end);
    if n % 500 = 0 then commit; end if;
  end loop;
end \$\$;
analyze;
SQL
  start_server info 'items?id=eq.1'
  local all=() round
  for round in 1 2 3; do
    reload "$TABLES tables, reload $round"
    all+=("$seconds")
  done
  verdict "$TABLES tables, best reload" "$(best "${all[@]}")" 4 s
  verdict "$TABLES tables, peak of the process" "$peak" 400 MB
}

core() {
  part
  psql -q -c "do \$\$ begin if to_regrole('authenticator') is null then create role authenticator login noinherit password 'bench-only'; end if; end \$\$"
  local url="postgres://postgres@127.0.0.1:$port/bench"
  env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE CIVIC_OS_DATABASE__OWNER_URL="$url" "$BINARY" migrate deploy \
    >"$folder/migrate.log" 2>&1 || { cat "$folder/migrate.log" >&2; return 1; }
  schemas=public start_server info 'schema_entities?limit=1'
  local all=() round
  for round in $(seq 10); do
    reload "reference core, reload $round"
    all+=("$(awk -v s="$seconds" 'BEGIN { print s * 1000 }')")
  done
  verdict "reference core, best reload with its request" "$(best "${all[@]}")" 60 ms
}

reload_under_load() {
  part
  psql -q -v ON_ERROR_STOP=1 -f bench/schema.sql
  psql -q -v ON_ERROR_STOP=1 <<SQL
do \$\$
declare fk text;
begin
  for n in 1 .. $RELOAD_TABLES loop
    select string_agg(format(', r%s int references test.t%s', i, 1 + (n * 31 + i * 7919) % n), '') into fk from generate_series(1, 5) i;
    execute format('create table test.t%s (id int primary key, name text not null%s)', n, fk);
    if n % 500 = 0 then commit; end if;
  end loop;
end \$\$;
analyze;
SQL
  start_server info 'items?id=eq.1'
  python3 bench/open_loop.py "$base/items?id=eq.1" "$RATE" "$folder/server.log" \
    "notify pgrst, 'reload schema'" || failed=1
  awk '/schema cache loaded/{ sub(/.*relations=/, "relations="); last = $0 } END { print last }' "$folder/server.log"
}

for name in "${parts[@]}"; do
  case "$name" in
    large | core) "$name" ;;
    reload) reload_under_load ;;
    *) echo "no part '$name' (known: large core reload)" >&2; exit 1 ;;
  esac
done
exit $failed
