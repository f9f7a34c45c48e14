#!/bin/bash
# 2,000 random histories of payments with a crash at any await, 60 with kill -9 and crashes of PostgreSQL: both ledgers equal at rest
CIVIC_OS_TEST_HISTORIES=2000 cargo test -q --test it payments::histories -- --nocapture
CIVIC_OS_TEST_KILL_HISTORIES=60 cargo test -q --test it payments::kills -- --nocapture
