-- Jobs for operators, newest first. $1 id or null, $2 states (empty = all), $3 kind or null, $4 queue or null, $5 limit. Called by jobs::operations.
select job.id, job.kind, job.queue, job.state::text, job.attempt, job.max_attempts, job.priority, job.args, job.metadata,
    to_jsonb(coalesce(job.errors, '{}')), to_jsonb(coalesce(job.attempted_by, '{}')), to_jsonb(job.tags),
    case when isfinite(job.created_at) then (extract(epoch from job.created_at) * 1000000)::bigint end,
    case when isfinite(job.scheduled_at) then (extract(epoch from job.scheduled_at) * 1000000)::bigint end,
    case when isfinite(job.attempted_at) then (extract(epoch from job.attempted_at) * 1000000)::bigint end,
    case when isfinite(job.finalized_at) then (extract(epoch from job.finalized_at) * 1000000)::bigint end
from metadata.river_job as job
where ($1::bigint is null or job.id = $1)
  and (cardinality($2::text[]) = 0 or job.state::text = any ($2))
  and ($3::text is null or job.kind = $3)
  and ($4::text is null or job.queue = $4)
order by job.id desc
limit $5::bigint
