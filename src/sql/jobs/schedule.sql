-- Makes due jobs available, looking one interval ahead as River does; a unique job whose key is held by another is discarded.
-- $1 seconds to look ahead, $2 batch size. Returns one row per moved job with its queue and whether it is due now. Called by jobs::maintenance::scheduler.
with due as materialized (
    select id, unique_key, unique_states
    from metadata.river_job
    where state in ('retryable', 'scheduled')
      and scheduled_at <= now() + make_interval(secs => $1::float8)
    order by priority, scheduled_at, id
    limit $2::int
    for update skip locked
),
judged as (
    select due.id,
        due.unique_key is not null
        and due.unique_states is not null
        and metadata.river_job_state_in_bitmask(due.unique_states, 'available')
        and (
            exists (
                select from metadata.river_job as holder
                where holder.unique_key = due.unique_key
                  and holder.unique_states is not null
                  and metadata.river_job_state_in_bitmask(holder.unique_states, holder.state)
                  and holder.id <> due.id
            )
            or row_number() over (partition by due.unique_key order by due.id) > 1 and due.unique_key is not null
        ) as taken
    from due
)
update metadata.river_job as job
set state = case when judged.taken then 'discarded' else 'available' end::metadata.river_job_state,
    finalized_at = case when judged.taken then now() end,
    metadata = case when judged.taken then job.metadata || '{"unique_key_conflict": "scheduler_discarded"}' else job.metadata end
from judged
where job.id = judged.id
returning job.queue, job.state::text, job.scheduled_at <= now() + interval '5 milliseconds'
