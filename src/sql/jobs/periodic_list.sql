-- All periodic jobs with the database's clock. Called by jobs::periodic (the leader) and jobs::operations.
select name, cron, time_zone, kind, args, queue, priority, max_attempts, missed, enabled,
    case when isfinite(next_run_at) then (extract(epoch from next_run_at) * 1000000)::bigint end,
    case when isfinite(last_run_at) then (extract(epoch from last_run_at) * 1000000)::bigint end,
    last_error, planned_from, (extract(epoch from clock_timestamp()) * 1000000)::bigint
from metadata.periodic_jobs
order by name
