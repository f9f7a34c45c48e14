-- Writes when a new, changed or disabled row is due next, and what is wrong with it. $1 name, $2 planned from, $3 due (null = never), $4 error or null.
-- Nothing happens when somebody changed the row meanwhile. Called by jobs::periodic.
update metadata.periodic_jobs
set next_run_at = $3::timestamptz,
    planned_from = $2::text,
    last_error = $4::text
where name = $1::text
  and (cron || ' ' || time_zone = $2::text or $2::text is null)
  and (next_run_at, planned_from, last_error) is distinct from ($3::timestamptz, $2::text, $4::text)
