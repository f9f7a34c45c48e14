#!/usr/bin/env bash
# fuzzing: grammars of the REST API and request heads, each for FUZZ_SECONDS (40) after the replay of the inputs that are kept
(cd fuzz && cargo test -q --locked)
fuzz/run "${FUZZ_SECONDS:-40}"
