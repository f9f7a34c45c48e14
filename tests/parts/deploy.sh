#!/usr/bin/env bash
# deployments: every container of compose and Kubernetes as it would start, nginx and Caddy in front, CI script, systemd, Debian package
command -v nginx >/dev/null || apt_install nginx-light
command -v caddy >/dev/null || apt_install caddy
command -v dpkg-deb >/dev/null || apt_install dpkg
command -v systemd-analyze >/dev/null || apt_install systemd
command -v ip >/dev/null || apt_install iproute2
venv="$(python_venv deploy pyyaml kubernetes-validate)"
[ -n "${RELEASE:-}" ] || build_release
# Names and fixed ports of containers need a network of their own, and /etc/hosts one of its own.
isolate=(unshare --net --mount)
[ "$(id -u)" = 0 ] || isolate=(unshare --map-root-user --net --mount)
RELEASE="${RELEASE:-$PWD/dist/civic-os}" PGBIN="$(postgres_bin)" "${isolate[@]}" "$venv/bin/python" tests/deploy/run.py
