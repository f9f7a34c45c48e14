#!/usr/bin/env bash
# How long the schema cache takes and how much memory the process needs, for a schema of TABLES tables (default 60000,
# half of them with a foreign key) in a private cluster.     BINARY, PGBIN as in api.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8
BINARY="${BINARY:-dist/civic-os}" TABLES="${TABLES:-60000}" POOL=4
PGBIN="${PGBIN:-$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")}"
SECRET=bench-secret-of-more-than-thirty-two-bytes
# shellcheck source=bench/private.sh
. bench/private.sh
start_cluster -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_locks_per_transaction=2000
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
for round in 1 2 3; do
  before="$(grep -c 'schema cache loaded' "$folder/server.log" || true)" started="$(date +%s.%N)" t0="$(ticks "$server")"
  psql -q -c "notify pgrst, 'reload schema'"
  until [ "$(grep -c 'schema cache loaded' "$folder/server.log" || true)" -gt "$before" ]; do sleep 0.02; done
  awk -v a="$started" -v b="$(date +%s.%N)" -v t=$(($(ticks "$server") - t0)) -v hz="$hz" -v rss="$(resident)" -v r="$round" -v n="$TABLES" \
    -v peak="$(awk '/^VmHWM/{ printf "%.0f", $2 / 1024 }' "/proc/$server/status")" \
    'BEGIN { printf "%d tables, reload %d: %.2f s, server CPU %.2f s, resident %d MB, peak %d MB\n", n, r, b - a, t / hz, rss, peak }'
done
