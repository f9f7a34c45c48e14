#!/usr/bin/env bash
# Mail: rendering; 10,000 notifications of one statement drain while the API is asked 200 times a second; 50,000 recipients at a
# configured rate. Everything is private. Fails when a bound is broken.
#
#   bench/mail.sh [PHASE ...]     render drain bulk   (default: all)     BINARY, PGBIN as in api.sh; MAIL_RATE=400 of `bulk`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8
BINARY="$(realpath "${BINARY:-dist/civic-os}")"
export BINARY
PGBIN="${PGBIN:-$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")}"
[ $# -gt 0 ] || set -- render drain bulk
# The flags of the release binary: what it is made of is there already.
driver="${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-gnu/release/examples/mail_bench"
if [ -z "${SKIP_BUILD:-}" ]; then
  RUSTFLAGS='-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom"' \
    cargo build --locked --release --example mail_bench --target x86_64-unknown-linux-gnu
fi
# shellcheck source=bench/private.sh
. bench/private.sh
start_cluster -c fsync=on -c synchronous_commit=on -c max_wal_size=4GB
psql -q -v ON_ERROR_STOP=1 -c "create role authenticator login noinherit password 'bench-only'"
export OWNER_URL="postgres://postgres@127.0.0.1:$port/bench" DATABASE_URL="postgres://authenticator:bench-only@127.0.0.1:$port/bench"
clean() { env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE "$@"; }
for step in 'migrate deploy' 'app apply examples/town'; do
  # shellcheck disable=SC2086
  clean env CIVIC_OS_DATABASE__OWNER_URL="$OWNER_URL" CIVIC_OS_DATABASE__URL="$DATABASE_URL" \
    "$BINARY" $step >"$folder/prepare.log" 2>&1 || { cat "$folder/prepare.log" >&2; exit 1; }
done
for phase in "$@"; do
  psql -q -c 'vacuum (analyze)' -c checkpoint
  echo "== $phase"
  clean "$driver" "$phase"
done
