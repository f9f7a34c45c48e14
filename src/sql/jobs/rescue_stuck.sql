-- River's rescuer for jobs of clients without a heartbeat: running for longer than $1 seconds. Kinds that we do not know are never touched (D-11).
-- $2 batch size, $3 kinds we know, $4 uniform jitter 0…1. Called by jobs::maintenance::rescuer.
with stuck as materialized (
    select job.id
    from metadata.river_job as job
    where job.state = 'running'
      and job.kind = any ($3::text[])
      and job.attempted_at < now() - make_interval(secs => $1::float8)
      and not exists (
          select from metadata.job_processes as process
          where process.client_id = job.attempted_by[array_upper(job.attempted_by, 1)]
      )
    order by job.id
    limit $2::int
    for update of job skip locked
)
update metadata.river_job as job
set state = case
        when job.metadata ? 'cancel_attempted_at' then 'cancelled'
        when job.attempt >= job.max_attempts then 'discarded'
        else 'retryable'
    end::metadata.river_job_state,
    finalized_at = case when job.metadata ? 'cancel_attempted_at' or job.attempt >= job.max_attempts then now() end,
    scheduled_at = case
        when job.metadata ? 'cancel_attempted_at' or job.attempt >= job.max_attempts then job.scheduled_at
        else now() + make_interval(secs => (coalesce(cardinality(job.errors), 0) + 1) ^ 4 * (0.9 + 0.2 * $4::float8))
    end,
    errors = array_append(job.errors, jsonb_build_object(
        'at', to_char(coalesce(job.attempted_at, now()) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'attempt', job.attempt,
        'error', 'Stuck job rescued by JobRescuer',
        'trace', ''
    )),
    metadata = job.metadata || jsonb_build_object('river:rescue_count',
        case when jsonb_typeof(job.metadata -> 'river:rescue_count') = 'number' then (job.metadata ->> 'river:rescue_count')::numeric + 1 else 1 end)
from stuck
where job.id = stuck.id
returning job.id, job.queue, job.state::text
