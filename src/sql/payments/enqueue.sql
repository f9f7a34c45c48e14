-- A job unless an equal one waits or runs. $1 kind, $2 arguments, $3 attempts. Called by payments::store.
insert into metadata.river_job (kind, args, queue, priority, max_attempts)
select $1::text, $2::jsonb, 'default', 2, $3::smallint
where not exists (
    select
    from metadata.river_job j
    where j.kind = $1::text and j.args @> $2::jsonb and j.state in ('available', 'scheduled', 'retryable', 'pending', 'running')
)
returning 1
