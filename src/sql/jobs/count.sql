-- The overview: rows by queue, kind and state, with the age of the oldest by the time it was due. Called by jobs::operations and the metrics.
select job.queue, job.kind, job.state::text, count(*),
    greatest(0, extract(epoch from now() - min(job.scheduled_at)))::bigint,
    coalesce(bool_or(queue.paused_at is not null), false)
from metadata.river_job as job
left join metadata.river_queue as queue on queue.name = job.queue
group by job.queue, job.kind, job.state
order by job.queue, job.kind, job.state
