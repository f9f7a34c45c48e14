# Sourced by the benchmarks: a private cluster, a server in PostgREST's mode on it, and CPU accounting.

folder="$(mktemp -d /tmp/civic-os-bench.XXXXXX)"
server=''
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  as_postgres "$PGBIN/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap finish EXIT
# Without this a signal would end the script before it has cleaned up.
trap "exit 1" INT TERM
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# start_cluster [OPTION ...]: sets port and postmaster, exports PG*
start_cluster() {
  chmod 755 "$folder"
  [ "$(id -u)" != 0 ] || chown postgres "$folder"
  port="$(free_port)"
  as_postgres "$PGBIN/initdb" -D "$folder/data" -U postgres -A trust >/dev/null
  as_postgres "$PGBIN/pg_ctl" -D "$folder/data" -w -l "$folder/postgres.log" start \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c shared_buffers=256MB $*" >/dev/null
  export PGHOST=127.0.0.1 PGPORT="$port" PGUSER=postgres PGDATABASE=bench
  createdb bench
  postmaster="$(head -1 "$folder/data/postmaster.pid")"
}

# start_server LOG_LEVEL PROBE: sets server, api, base; waits until PROBE answers 200
start_server() {
  api="$(free_port)"
  base="http://127.0.0.1:$api"
  env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE \
    PGRST_DB_URI="postgres://authenticator:bench-only@127.0.0.1:$port/bench" PGRST_DB_SCHEMAS="${schemas:-test}" \
    PGRST_DB_ANON_ROLE=web_anon PGRST_DB_POOL="$POOL" PGRST_JWT_SECRET="$SECRET" PGRST_SERVER_HOST=127.0.0.1 \
    PGRST_SERVER_PORT="$api" PGRST_LOG_LEVEL="$1" "$BINARY" serve --role api --postgrest >"$folder/server.log" 2>&1 &
  server=$!
  for _ in $(seq 600); do
    [ "$(curl -s -o /dev/null -w '%{http_code}' "$base/$2")" != 200 ] || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$folder/server.log" >&2
  return 1
}

# Ticks of processes that live through the measurement.
ticks() {
  local sum=0 process fields
  for process in "$@"; do
    if fields="$(sed 's/^.*) //' "/proc/$process/stat" 2>/dev/null)"; then
      # shellcheck disable=SC2086
      set -- $fields
      sum=$((sum + ${12} + ${13}))
    fi
  done
  echo "$sum"
}
# shellcheck disable=SC2046
database_ticks() { ticks "$postmaster" $(pgrep -P "$postmaster"); }
busy_ticks() { awk '/^cpu /{ print $2 + $3 + $4 }' /proc/stat; }
resident() { awk '/^VmRSS/{ printf "%.0f", $2 / 1024 }' "/proc/$server/status"; }
hz="$(getconf CLK_TCK)"
