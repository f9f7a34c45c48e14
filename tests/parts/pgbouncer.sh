#!/usr/bin/env bash
# PgBouncer in transaction mode before the database: pool, API and jobs (the distribution's package)
[ -x /usr/sbin/pgbouncer ] || [ -x /usr/bin/pgbouncer ] || apt_install pgbouncer
CIVIC_OS_REQUIRE_PGBOUNCER=1 cargo test --locked --test it -- pooler
