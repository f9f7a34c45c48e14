#!/usr/bin/env bash
# 200 webhooks a second for a minute, half of them duplicates, against `serve --role payments` on a private PostgreSQL that forces every commit to disk:
# answers, p50, p99, CPU time. Fails when p99 reaches 50 ms, an answer is not 200, the rate is not kept, or the ledger is not exact.
# BINARY, PGBIN as in api.sh; SECONDS_LONG, RATE
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8
BINARY="${BINARY:-dist/civic-os}" SECONDS_LONG="${SECONDS_LONG:-60}" RATE="${RATE:-200}"
PGBIN="${PGBIN:-$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")}"
# shellcheck source=bench/private.sh
. bench/private.sh
start_cluster -c fsync=on -c synchronous_commit=on -c max_wal_size=4GB
psql -q -v ON_ERROR_STOP=1 -c "create role authenticator login noinherit password 'bench-only'"
owner="postgres://postgres@127.0.0.1:$port/bench"
clean() { env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE "$@"; }
clean env CIVIC_OS_DATABASE__OWNER_URL="$owner" CIVIC_OS_DATABASE__URL="postgres://authenticator:bench-only@127.0.0.1:$port/bench" \
  "$BINARY" migrate deploy >"$folder/migrate.log" 2>&1 || { cat "$folder/migrate.log"; exit 1; }
payments=$((SECONDS_LONG * RATE / 2))
psql -q -v ON_ERROR_STOP=1 <<SQL
insert into metadata.civic_os_users (id, display_name) values ('00000000-0000-4000-8000-00000000000a', 'Payer');
insert into payments.transactions (user_id, amount, status, provider_payment_id)
  select '00000000-0000-4000-8000-00000000000a', 10 + n % 90, 'pending', 'pi_' || n from generate_series(0, $payments - 1) n;
vacuum (analyze);
checkpoint;
SQL

api="$(free_port)"
# Nobody asks the provider: its address answers nothing.
env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE \
  CIVIC_OS_DATABASE__URL="postgres://authenticator:bench-only@127.0.0.1:$port/bench" CIVIC_OS_PAYMENTS__LISTEN="127.0.0.1:$api" \
  STRIPE_API_KEY=sk_test_nobody STRIPE_WEBHOOK_SECRET=whsec_of_the_bench CIVIC_OS_PAYMENTS__STRIPE_API_BASE=http://127.0.0.1:1 \
  CIVIC_OS_WEB__LISTEN="127.0.0.1:$(free_port)" CIVIC_OS_ADMIN__LISTEN="127.0.0.1:$(free_port)" CIVIC_OS_DATA_DIR="$folder/state" "$BINARY" serve --role payments >"$folder/server.log" 2>&1 &
server=$!
curl -s --retry 100 --retry-delay 1 --retry-all-errors -o /dev/null "http://127.0.0.1:$api/health" || { cat "$folder/server.log"; exit 1; }

ours="$(ticks "$server")" theirs="$(database_ticks)"
python3 bench/webhooks.py "http://127.0.0.1:$api/webhooks/stripe" whsec_of_the_bench "$RATE" "$SECONDS_LONG"
ours=$(($(ticks "$server") - ours)) theirs=$(($(database_ticks) - theirs))
requests=$((SECONDS_LONG * RATE))
echo "CPU per webhook: server $((ours * 1000000 / hz / requests)) µs, PostgreSQL $((theirs * 1000000 / hz / requests)) µs; resident $(resident) MB"

exact="$(psql -Atc "select count(*) filter (where status = 'succeeded' and amount_captured = amount) from payments.transactions")"
events="$(psql -Atc "select count(*) || ' ' || count(*) filter (where processed and attempts = 1) from metadata.webhooks")"
echo "ledger: $exact of $payments payments succeeded; inbox and processed at the first attempt: $events"
[ "$exact" = "$payments" ] && [ "$events" = "$payments $payments" ] || { echo 'the ledger is not exact'; exit 1; }
