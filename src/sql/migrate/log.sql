-- Purpose: events of the runner, newest first. No parameters. Called by: migrate::registry::log.
select
  event,
  change,
  to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  by,
  duration_ms,
  binary_version,
  detail
from civic_os_migrations.change_log
order by id desc
