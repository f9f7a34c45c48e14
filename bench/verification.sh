#!/usr/bin/env bash
# Processor time for checking a token: requests with new RS256 tokens, with tokens that were seen before, and with a header
# of the same length that is no token, to a process on one core; and how many distinct tokens a second that core takes.
#
#   bench/verification.sh     BINARY=dist/civic-os   TOKENS=8000   ROUNDS=5
#
# No database takes part: the front door checks the token of a change before it knows that there is no such page.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
BINARY="$(realpath "${BINARY:-dist/civic-os}")"
export BINARY
for tool in node taskset "$BINARY"; do
  command -v "$tool" >/dev/null || { echo "bench: $tool is missing" >&2; exit 1; }
done
exec node bench/verification.mjs
