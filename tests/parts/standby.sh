#!/usr/bin/env bash
# reads answered by a streaming standby made by pg_basebackup: who reads where, lag, conflicts, loss of the standby
BINARY="$BINARY" PGBIN="$(postgres_bin)" PYTHONDONTWRITEBYTECODE=1 python3 tests/chaos/standby.py
