-- Hands back running jobs whose process stopped beating (D-12): $1 seconds without a beat, $2 batch size.
-- The attempt stays counted, so that a job that kills its process is discarded in the end. Only jobs of our own processes:
-- they are in job_processes, foreign clients are not. Called by jobs::maintenance::rescuer.
with dead as materialized (
    select job.id
    from metadata.river_job as job
    join metadata.job_processes as process
      on process.client_id = job.attempted_by[array_upper(job.attempted_by, 1)]
    where job.state = 'running'
      and process.last_seen_at < now() - make_interval(secs => $1::float8)
    limit $2::int
    for update of job skip locked
)
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
        'error', 'The process that ran this job stopped beating',
        'trace', ''
    )),
    metadata = job.metadata || jsonb_build_object('civic_os:handed_back',
        case when jsonb_typeof(job.metadata -> 'civic_os:handed_back') = 'number' then (job.metadata ->> 'civic_os:handed_back')::numeric + 1 else 1 end)
from dead
where job.id = dead.id
returning job.id, job.queue, job.state::text
