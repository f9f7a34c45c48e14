#!/bin/bash
# 300 random histories of payments against localstripe behind a proxy that drops, delays and refuses calls
venv="$(python_venv localstripe 'localstripe==1.15.10')"
CIVIC_OS_TEST_PYTHON="$venv/bin/python" CIVIC_OS_TEST_HISTORIES=300 cargo test -q --test it payments::localstripe -- --ignored --nocapture
