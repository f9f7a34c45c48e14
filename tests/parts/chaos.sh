#!/usr/bin/env bash
# faults under a running load: database, network, disk, worker, mail, store, provider, issuer, memory, descriptors (docs/reliability.md)
command -v openssl >/dev/null || apt_install openssl
[ -n "${RELEASE:-}" ] || build_release
# A mount of its own for the disk that gets full.
isolate=(unshare --mount)
[ "$(id -u)" = 0 ] || isolate=()
BINARY="${RELEASE:-$PWD/dist/civic-os}" PGBIN="$(postgres_bin)" PYTHONDONTWRITEBYTECODE=1 "${isolate[@]}" python3 tests/chaos/run.py ${FAULTS:-}
