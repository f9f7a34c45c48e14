#!/usr/bin/env bash
# traces as OpenTelemetry's own protocol definitions read them (opentelemetry-proto from PyPI)
venv="$(python_venv otlp opentelemetry-proto)"
BINARY="$BINARY" PGBIN="$(postgres_bin)" PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" tests/otlp/check.py
