-- Ends one run that did not simply succeed (WORKERS.md §2.5). A remote cancel turns a retry or snooze into cancelled.
-- $1 id, $2 when our attempt began (microseconds since 1970; its number may come back after a snooze or a hand-back), $3 wanted state, $4 seconds until due again (null = unchanged), $5 error element or null,
-- $6 attempts to give back (snooze, hand-back), $7 metadata to merge, $8 whether a snooze is counted. Called by jobs::completer.
update metadata.river_job as job
set state = settled.state,
    finalized_at = case when settled.state in ('cancelled', 'discarded', 'completed') then clock_timestamp() end,
    scheduled_at = case
        when settled.state in ('cancelled', 'discarded', 'completed') or $4::float8 is null then job.scheduled_at
        else clock_timestamp() + make_interval(secs => $4::float8)
    end,
    attempt = greatest(0, job.attempt - $6::smallint),
    errors = case
        when $5::jsonb is not null then array_append(job.errors, $5::jsonb)
        else job.errors
    end,
    metadata = job.metadata || $7::jsonb
        || case
            when $8::boolean
            then jsonb_build_object('snoozes', case when jsonb_typeof(job.metadata -> 'snoozes') = 'number' then (job.metadata ->> 'snoozes')::numeric + 1 else 1 end)
            else '{}'::jsonb
        end
from (
    select id,
        case
            when metadata ? 'cancel_attempted_at' and $3::text in ('available', 'retryable', 'scheduled')
            then 'cancelled'
            else $3::text
        end::metadata.river_job_state as state
    from metadata.river_job
    where id = $1::bigint
    for update
) as settled
where job.id = settled.id
  and job.attempted_at = timestamptz 'epoch' + $2::bigint * interval '1 microsecond'
  and job.state = 'running'
returning job.state::text
