#!/usr/bin/env bash
# certificates by ACME (TLS-ALPN-01) from Pebble, the test authority of Let's Encrypt
command -v go >/dev/null || apt_install golang-go
command -v openssl >/dev/null || apt_install openssl
tests/acme/run "$BINARY"
