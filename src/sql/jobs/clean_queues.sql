-- Forgets queues that nobody has served for a day, and processes that have been dead for as long. Called by jobs::maintenance::cleaner.
with queues as (
    delete from metadata.river_queue
    where updated_at < now() - interval '24 hours'
)
delete from metadata.job_processes as process
where process.last_seen_at < now() - interval '24 hours'
  and not exists (
      select from metadata.river_job as job
      where job.state = 'running'
        and job.attempted_by[array_upper(job.attempted_by, 1)] = process.client_id
  )
