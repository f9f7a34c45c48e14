-- Makes a job available now (WORKERS.md §2.7). $1 id, $2 unused here (one signature for all changes). Called by jobs::operations.
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
    returning job.id
)
select exists (select from changed), found.state::text
from found
where $2::text is not null
