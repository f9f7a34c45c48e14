-- Takes due jobs of one queue for this process and counts the attempt (WORKERS.md §2.3).
-- $1 queue, $2 client id, $3 how many, $4 kinds we can run: others stay untouched for whoever knows them (D-11).
-- Nothing is given to a process that has left: a claim may arrive after its sender's good-bye, and nobody would miss a heartbeat then.
-- Called by jobs::producer.
with due as materialized (
    select id
    from metadata.river_job
    where state = 'available'
      and queue = $1::text
      and scheduled_at <= now()
      and kind = any ($4::text[])
      and exists (select from metadata.job_processes where client_id = $2::text)
    -- All columns of the index: under row security PostgreSQL does not take `state = …` for a constant, and would sort all that wait.
    order by state, queue, priority, scheduled_at, id
    limit $3::int
    for update skip locked
)
update metadata.river_job as job
set state = 'running',
    attempt = job.attempt + 1,
    attempted_at = clock_timestamp(),
    attempted_by = (array_append(coalesce(job.attempted_by, '{}'), $2::text))
        [greatest(1, cardinality(coalesce(job.attempted_by, '{}')) - 98):]
from due
where job.id = due.id
returning job.id, job.kind, job.queue, job.state::text, job.attempt, job.max_attempts, job.priority, job.args, job.metadata,
    to_jsonb(coalesce(job.errors, '{}')), to_jsonb(coalesce(job.attempted_by, '{}')), to_jsonb(job.tags),
    case when isfinite(job.created_at) then (extract(epoch from job.created_at) * 1000000)::bigint end,
    case when isfinite(job.scheduled_at) then (extract(epoch from job.scheduled_at) * 1000000)::bigint end,
    case when isfinite(job.attempted_at) then (extract(epoch from job.attempted_at) * 1000000)::bigint end,
    case when isfinite(job.finalized_at) then (extract(epoch from job.finalized_at) * 1000000)::bigint end
