#!/bin/bash
# 200 webhooks a second for a minute, half of them duplicates, against the endpoint in one process with PostgreSQL on this
# machine (every commit forced to disk): answers, p50, p99; fails when p99 reaches 50 ms, an answer is not 200, or the ledger is not exact.
set -euo pipefail
cargo test --release --test it payments::bench -- --ignored --nocapture --test-threads=1
