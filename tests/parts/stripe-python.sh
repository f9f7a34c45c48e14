#!/bin/bash
# webhook signatures against Stripe's own Python library, in both directions
venv="$(python_venv stripe stripe)"
CIVIC_OS_TEST_PYTHON="$venv/bin/python" cargo test -q --test it payments::library -- --ignored
