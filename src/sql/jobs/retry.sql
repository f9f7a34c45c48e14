-- Makes a job available now and wakes those who serve its queue (WORKERS.md §2.7). $1 id, $2 insert channel. Called by jobs::operations.
with found as (
    select id, state, attempt, max_attempts
    from metadata.river_job
    where id = $1::bigint
    for update
),
changed as (
    update metadata.river_job as job
    set state = 'available',
        finalized_at = null,
        scheduled_at = now(),
        max_attempts = case when found.attempt >= found.max_attempts then found.attempt + 1 else found.max_attempts end,
        metadata = job.metadata - 'cancel_attempted_at'
    from found
    where job.id = found.id
      and found.state <> 'running'
    returning job.queue
),
told as (
    select pg_notify($2::text, json_build_object('queue', queue)::text)
    from changed
)
select exists (select from changed), found.state::text, (select count(*) from told)
from found
