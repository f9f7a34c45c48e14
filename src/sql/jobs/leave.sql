-- A clean end: hands back what still runs with the attempt refunded and no error (WORKERS.md §2.8.7), then forgets the process.
-- $1 client id. Called by jobs::heartbeat.
with handed_back as (
    update metadata.river_job
    set state = case when metadata ? 'cancel_attempted_at' then 'cancelled' else 'available' end::metadata.river_job_state,
        finalized_at = case when metadata ? 'cancel_attempted_at' then now() end,
        attempt = greatest(0, attempt - 1),
        scheduled_at = case when metadata ? 'cancel_attempted_at' then scheduled_at else now() end
    where state = 'running'
      and attempted_by[array_upper(attempted_by, 1)] = $1::text
    returning id
),
gone as (
    delete from metadata.job_processes
    where client_id = $1::text
)
select count(*) from handed_back
