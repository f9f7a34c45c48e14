-- Hands back a run that its process never heard of, because the answer to the claim was lost. The attempt stays counted. $1 id, $2 when it began
-- (microseconds since 1970). Called by jobs::control.
update metadata.river_job as job
set state = case
        when job.metadata ? 'cancel_attempted_at' then 'cancelled'
        when job.attempt >= job.max_attempts then 'discarded'
        else 'available'
    end::metadata.river_job_state,
    finalized_at = case when job.metadata ? 'cancel_attempted_at' or job.attempt >= job.max_attempts then now() end,
    scheduled_at = case when job.metadata ? 'cancel_attempted_at' or job.attempt >= job.max_attempts then job.scheduled_at else now() end,
    errors = array_append(job.errors, jsonb_build_object(
        'at', to_char(coalesce(job.attempted_at, now()) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'attempt', job.attempt,
        'error', 'The process that took this job never heard that it had it',
        'trace', ''
    ))
where id = $1::bigint
  and state = 'running'
  and attempted_at = timestamptz 'epoch' + $2::bigint * interval '1 microsecond'
returning job.id
