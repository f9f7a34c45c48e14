#!/usr/bin/env bash
# keycloak-js as published, in a browser, against the embedded provider
need_node_modules
need_chromium
npm --prefix tests/keycloak-js ci --no-audit --no-fund >&2
CHROMIUM="$(chromium_path)" tests/keycloak-js/run "$BINARY"
