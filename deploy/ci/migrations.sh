#!/usr/bin/env bash
# Proves that an application deploys on an empty database and can be taken back:   migrations.sh OWNER_URL [APPLICATION_FOLDER]
# The database is changed: give it one that may be thrown away.
set -euo pipefail
[ $# -ge 1 ] || {
  sed -n '2,3s/^# \{0,1\}//p' "$0" >&2
  exit 1
}
export CIVIC_OS_DATABASE__OWNER_URL="$1"
civic_os="${CIVIC_OS:-civic-os}"

echo "── deploy, each change verified in its own transaction"
"$civic_os" migrate deploy --verify --create-login >/dev/null
echo "── nothing is pending"
"$civic_os" migrate status --check
echo "── the whole schema is the expected one"
"$civic_os" migrate verify --full
if [ -n "${2:-}" ]; then
  echo "── the application, first as a rehearsal"
  "$civic_os" app apply "$2" --dry-run
  "$civic_os" app apply "$2"
  echo "── the core is still the expected one"
  "$civic_os" migrate verify --full
  echo "── with an application on top the core refuses to go, and says why"
  if "$civic_os" migrate revert --to @ROOT -y; then
    echo "reverting dropped a schema that an application uses" >&2
    exit 2
  fi
else
  echo "── back to nothing, and forth again"
  "$civic_os" migrate revert --to @ROOT -y
  "$civic_os" migrate deploy --verify
fi
echo "── done"
