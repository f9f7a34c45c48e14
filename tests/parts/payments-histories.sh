#!/bin/bash
# 2,000 random histories of payments, with a crash at any await: both ledgers equal at rest
CIVIC_OS_TEST_HISTORIES=2000 cargo test -q --test it payments::histories -- --nocapture
