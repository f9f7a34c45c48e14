#!/usr/bin/env bash
# 1,000 photos through three worker processes, one of them killed every few seconds
CIVIC_OS_TEST_PHOTOS=1000 cargo test --test it files::crash -- --nocapture
