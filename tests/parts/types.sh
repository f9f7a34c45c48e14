#!/usr/bin/env bash
# every property type in the browser: create, reload, edit, filter, sort, export, import again
need_node_modules
need_chromium
# Names of the steps of web/e2e/type-walk.mjs; the other browser tests belong to the plain run.
steps='a record with every type is added|form starts with what|every type has a filter|every type sorts|words that were searched|what is exported is'
CIVIC_OS_E2E_WALK=1 CIVIC_OS_E2E_ONLY="$steps" CHROMIUM="$(chromium_path)" web/e2e/run "$BINARY"
