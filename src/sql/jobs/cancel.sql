-- Cancels a job: final ones stay, waiting ones end, a running one is marked and its process told (WORKERS.md §2.7). $1 id, $2 control channel.
-- Called by jobs::operations.
with found as (
    select id, state, queue
    from metadata.river_job
    where id = $1::bigint
    for update
),
changed as (
    update metadata.river_job as job
    set state = case when found.state = 'running' then found.state else 'cancelled' end,
        finalized_at = case when found.state = 'running' then null else now() end,
        metadata = job.metadata || jsonb_build_object('cancel_attempted_at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    from found
    where job.id = found.id
      and found.state not in ('cancelled', 'completed', 'discarded')
    returning job.id, found.queue
),
told as (
    select pg_notify($2::text, json_build_object('action', 'cancel', 'job_id', id, 'queue', queue)::text)
    from changed
)
select exists (select from changed), found.state::text, (select count(*) from told)
from found
