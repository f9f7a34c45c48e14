-- An operator's change: null leaves a column as it is; a new name needs cron and kind. $1 name, $2 cron, $3 time zone, $4 kind, $5 args, $6 queue, $7 priority,
-- $8 max attempts, $9 missed, $10 enabled. Returns whether the row is new. Called by jobs::operations.
with changed as (
    update metadata.periodic_jobs
    set cron = coalesce($2::text, cron),
        time_zone = coalesce($3::text, time_zone),
        kind = coalesce($4::text, kind),
        args = coalesce($5::jsonb, args),
        queue = coalesce($6::text, queue),
        priority = coalesce($7::smallint, priority),
        max_attempts = coalesce($8::smallint, max_attempts),
        missed = coalesce($9::text, missed),
        enabled = coalesce($10::boolean, enabled)
    where name = $1::text
    returning name
),
made as (
    insert into metadata.periodic_jobs (name, cron, time_zone, kind, args, queue, priority, max_attempts, missed, enabled)
    select $1::text, $2::text, coalesce($3::text, 'UTC'), $4::text, coalesce($5::jsonb, '{}'), coalesce($6::text, 'default'),
        coalesce($7::smallint, 1::smallint), coalesce($8::smallint, 25::smallint), coalesce($9::text, 'once'), coalesce($10::boolean, true)
    where not exists (select from changed)
      and $2::text is not null
      and $4::text is not null
    returning name
)
select name, false from changed
union all
select name, true from made
