-- Inserts the job of one due time and moves on to the next, in one statement: whoever finds another due time in the row (a second leader, an operator's
-- change) does nothing, so each due time counts once. $1 name, $2 planned from, $3 due, $4 next due or null, $5 whether the job is inserted.
-- Called by jobs::periodic.
with due as (
    update metadata.periodic_jobs
    set next_run_at = $4::timestamptz,
        last_run_at = case when $5::boolean then $3::timestamptz else last_run_at end,
        last_error = null
    where name = $1::text
      and enabled
      and planned_from = $2::text
      and cron || ' ' || time_zone = $2::text
      and next_run_at = $3::timestamptz
    returning name, kind, args, queue, priority, max_attempts
)
insert into metadata.river_job (kind, args, queue, priority, max_attempts, state, scheduled_at, metadata)
select kind, args, queue, priority, max_attempts, 'available', $3::timestamptz, jsonb_build_object('river:periodic_job_id', name, 'periodic', true)
from due
where $5::boolean
returning id
