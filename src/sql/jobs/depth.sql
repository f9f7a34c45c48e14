-- What is not finished, by queue, kind and state, and how long the oldest due job has been waiting. Called by jobs::metrics.
select queue, kind, state::text, count(*),
    extract(epoch from now() - min(scheduled_at) filter (where state = 'available' and scheduled_at <= now() and isfinite(scheduled_at)))
from metadata.river_job
where state in ('available', 'pending', 'retryable', 'running', 'scheduled')
group by queue, kind, state
