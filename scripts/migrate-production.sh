#!/usr/bin/env bash
# Migrations of a database from anywhere:   scripts/migrate-production.sh VERSION URL [COMMAND] [ARGUMENTS…]
#
# COMMAND is deploy (default), status, log, verify or revert, as `civic-os migrate` has them. URL is the owner's login. VERSION must be the version of the
# program that runs: the one in PATH (or $CIVIC_OS), else the image $CIVIC_OS_IMAGE:VERSION where docker is. Reverting asks for "yes".
# Exit codes: those of `civic-os migrate`.
set -euo pipefail

usage() {
  sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
  exit 1
}
[ $# -ge 2 ] || usage
version="${1#v}" url="$2" command="${3:-deploy}"
shift 2
[ $# -eq 0 ] || shift
case "$url" in postgres://* | postgresql://*) ;; *) echo "migrate-production: '${url%%:*}…' is no postgres:// URL" >&2 && exit 1 ;; esac
case "$command" in deploy | status | log | verify | revert) ;; *) usage ;; esac

if [ "$command" = revert ]; then
  printf 'This reverts changes of a production database. Type "yes" to go on: ' >&2
  read -r answer || answer=
  [ "$answer" = yes ] || {
    echo "Nothing was changed." >&2
    exit 1
  }
  set -- "$@" -y
fi

# The URL travels in the environment: arguments are visible to every user of the machine.
export CIVIC_OS_DATABASE__OWNER_URL="$url"
binary="${CIVIC_OS:-$(command -v civic-os || true)}"
if [ -n "$binary" ]; then
  found="$("$binary" --version | awk '{ print $2 }')"
  if [ "$found" != "$version" ] && [ "$version" != latest ]; then
    echo "migrate-production: $binary is version $found, not $version; nothing was changed" >&2
    exit 1
  fi
  exec "$binary" migrate "$command" "$@"
fi
command -v docker >/dev/null || {
  echo "migrate-production: neither civic-os nor docker in PATH" >&2
  exit 1
}
exec docker run --rm --network host -e CIVIC_OS_DATABASE__OWNER_URL "${CIVIC_OS_IMAGE:-civic-os}:$version" migrate "$command" "$@"
