#!/usr/bin/env bash
# the alert rules of deploy/prometheus by promtool: each fires when it should and stays quiet when it should
promtool="$(command -v promtool || true)"
if [ -z "$promtool" ]; then
  # Unpacked, not installed: the package would start a server.
  mkdir -p .dev/prometheus
  (cd .dev/prometheus && apt-get -q download prometheus >&2 && dpkg -x prometheus_*.deb .)
  promtool="$PWD/.dev/prometheus/usr/bin/promtool"
fi
(
  cd deploy/prometheus
  "$promtool" check rules civic-os.rules.yml
  "$promtool" test rules civic-os.test.yml
)
# Every metric that the rules and the dashboard name is one that the program shows.
missing=0 names=0
for name in $(grep -oEh '(civic_os|pgrst)_[a-z_]+' deploy/prometheus/civic-os.rules.yml deploy/grafana/civic-os.json | sort -u); do
  names=$((names + 1))
  grep -rqF "${name%_total}" src || grep -rqF "${name%_bucket}" src || { echo "no such metric: $name" >&2; missing=$((missing + 1)); }
done
echo "prometheus: $((names - missing)) passed, $missing failed, 0 skipped"
[ "$missing" = 0 ]
