#!/usr/bin/env bash
# What migrations cost, against their bounds: a private cluster with everything forced to disk, PostGIS included.
# ROUNDS (default 3): the best one counts, since a busy machine only ever adds.     BINARY, PGBIN as in api.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8
BINARY="${BINARY:-dist/civic-os}" ROUNDS="${ROUNDS:-3}"
PGBIN="${PGBIN:-$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")}"
# shellcheck source=bench/private.sh
. bench/private.sh
start_cluster -c fsync=on
psql -q -c 'create role authenticator login noinherit'
failed=0

milliseconds() { # COMMAND …
  local started="$EPOCHREALTIME"
  "$@" >/dev/null 2>"$folder/stderr.log" || { cat "$folder/stderr.log" >&2; return 1; }
  awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.0f", (b - a) * 1000 }'
}
civic_os() { env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE CIVIC_OS_DATABASE__OWNER_URL="$url" "$BINARY" "$@"; }

# best NAME BOUND FIGURE …: prints the least figure against its bound, both in ms
best() {
  local name="$1" bound="$2" least
  shift 2
  least="$(printf '%s\n' "$@" | sort -n | head -1)"
  local verdict=ok
  if [ "$least" -ge "$bound" ]; then verdict=TOO_SLOW failed=1; fi
  printf '%-55s %6d ms  (bound %5d ms)  %s\n' "$name" "$least" "$bound" "$verdict"
}

full=() nothing=() verified=() properties=()
for round in $(seq "$ROUNDS"); do
  name="bench_$round"
  createdb "$name"
  url="postgres://postgres@127.0.0.1:$port/$name"
  full+=("$(milliseconds civic_os migrate deploy)")
  nothing+=("$(milliseconds civic_os migrate deploy)")
  verified+=("$(milliseconds civic_os migrate verify --full)")
done

# 200 tables of 20 columns, read as the web client reads them: by a signed-in person, as one JSON document.
psql -q -d "$name" -v ON_ERROR_STOP=1 <<'SQL'
do $$
declare
  c text := (select string_agg(format('c%s %s', i, (array['text', 'integer', 'timestamptz', 'numeric(10,2)', 'boolean'])[1 + i % 5]), ', ') from generate_series(1, 18) i);
begin
  for n in 1 .. 200 loop
    execute format('create table public.t%s (id bigint primary key, %s, parent bigint %s)', n, c,
      case when n > 1 then format('references public.t%s', n - 1) else '' end);
    execute format('grant select, insert, update on public.t%s to authenticated', n);
  end loop;
end $$;
analyze;
SQL
for round in $(seq "$ROUNDS"); do
  properties+=("$(psql -qAt -d "$name" -v ON_ERROR_STOP=1 <<'SQL'
begin;
select set_config('request.jwt.claims', '{"sub": "00000000-0000-4000-8000-00000000000a", "realm_access": {"roles": ["user"]}}', true) \g /dev/null
set local role authenticated;
-- The first one fills the catalogue's caches of a new connection.
select count(*) from public.schema_properties \g /dev/null
select clock_timestamp() as started \gset
select json_agg(p) from public.schema_properties p \g /dev/null
select round(extract(epoch from clock_timestamp() - :'started'::timestamptz) * 1000);
SQL
)")
done
columns="$(psql -qAt -d "$name" -c "select count(*) from public.schema_properties where table_name ~ '^t[0-9]+$'")"
[ "$columns" = 4000 ] || { echo "schema_properties has $columns rows instead of 4000" >&2; exit 1; }

best "full deploy, fsync on, PostGIS included" 4000 "${full[@]}"
best "deploy with nothing to do" 150 "${nothing[@]}"
best "verify --full" 3000 "${verified[@]}"
best "schema_properties, 200 tables x 20 columns, as JSON" 150 "${properties[@]}"
exit $failed
