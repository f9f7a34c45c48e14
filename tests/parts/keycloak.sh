#!/usr/bin/env bash
# Keycloak itself: sign-in by browser, API, rotated keys, a disabled person, a restart
need_node_modules
need_chromium
command -v java >/dev/null || apt_install openjdk-17-jre-headless
command -v mvn >/dev/null || apt_install maven
command -v unzip >/dev/null || apt_install unzip
CHROMIUM="$(chromium_path)" tests/keycloak/run "$BINARY"
