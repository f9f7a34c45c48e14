#!/usr/bin/env bash
# uploads on stores that nobody here wrote (moto), Amazon's boto3 on the embedded store, also where its disk does not sync, and a store with a wrong clock
STORE_VENV="$(python_venv store 'boto3==1.*' 'moto[server,s3]==5.*')"

# The embedded store of a real process, driven by boto3.
store_work="$(mktemp -d)"
store_port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
moto_port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
env -i PATH="$PATH" CIVIC_OS_STORE__LISTEN="127.0.0.1:$store_port" CIVIC_OS_DATA_DIR="$store_work/data" CIVIC_OS_ADMIN__LISTEN=off \
  CIVIC_OS_DATABASE__URL=postgres://nobody@127.0.0.1:9/none CIVIC_OS_MIGRATE__ON_START=false CIVIC_OS_LOG__LEVEL=warn \
  "$BINARY" serve --role worker >"$store_work/log" 2>&1 &
store_pid=$!
"$STORE_VENV/bin/moto_server" -H 127.0.0.1 -p "$moto_port" >"$store_work/moto.log" 2>&1 &
moto_pid=$!
trap 'kill "$store_pid" "$moto_pid" 2>/dev/null; rm -rf "$store_work"' EXIT
for port in "$store_port" "$moto_port"; do
  for _ in $(seq 300); do
    curl -s -o /dev/null "http://127.0.0.1:$port/" && break
    sleep 0.1
  done
done
mapfile -t store_key <"$store_work/data/store/credentials" || { cat "$store_work/log"; exit 1; }
(cd "$store_work" && "$STORE_VENV/bin/python" "$OLDPWD/tests/store/embedded.py" "http://127.0.0.1:$store_port" "${store_key[0]}" "${store_key[1]}") || {
  cat "$store_work/log"
  exit 1
}

# A disk that does not sync.
mkdir "$store_work/refused"
"$STORE_VENV/bin/python" tests/store/refused_sync.py "$BINARY" "$store_work/refused"

# A store whose process is two hours ahead.
apt_install faketime
late_port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
env -i PATH="$PATH" LD_PRELOAD="$(dpkg -L libfaketime | grep '/libfaketime\.so')" FAKETIME=+2h DONT_FAKE_MONOTONIC=1 \
  CIVIC_OS_STORE__LISTEN="127.0.0.1:$late_port" CIVIC_OS_DATA_DIR="$store_work/late" CIVIC_OS_ADMIN__LISTEN=off \
  CIVIC_OS_DATABASE__URL=postgres://nobody@127.0.0.1:9/none CIVIC_OS_MIGRATE__ON_START=false CIVIC_OS_LOG__LEVEL=warn \
  "$BINARY" serve --role worker >"$store_work/late.log" 2>&1 &
late_pid=$!
trap 'kill "$store_pid" "$moto_pid" "$late_pid" 2>/dev/null; rm -rf "$store_work"' EXIT
for _ in $(seq 300); do
  curl -s -o /dev/null "http://127.0.0.1:$late_port/" && break
  sleep 0.1
done
mapfile -t late_key <"$store_work/late/store/credentials" || { cat "$store_work/late.log"; exit 1; }

# The whole way of an upload on moto, and what a wrong clock looks like.
CIVIC_OS_TEST_S3="http://127.0.0.1:$moto_port" CIVIC_OS_TEST_S3_OTHER_HOUR="http://127.0.0.1:$late_port ${late_key[0]} ${late_key[1]}" \
  cargo test --test it files:: -- --ignored
