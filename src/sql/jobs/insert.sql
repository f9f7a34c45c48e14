-- Inserts one job; a unique conflict returns the row that is already there (WORKERS.md §2.4). The trigger on the table notifies.
-- $1 kind, $2 args, $3 queue, $4 priority, $5 max attempts, $6 parked (pending), $7 due at (null = now), $8 metadata, $9 tags, $10 unique key, $11 unique states.
-- Called by jobs::insert.
insert into metadata.river_job as job (kind, args, queue, priority, max_attempts, state, scheduled_at, metadata, tags, unique_key, unique_states)
values (
    $1::text, $2::jsonb, $3::text, $4::smallint, $5::smallint, case
        when $6::boolean then 'pending'
        when $7::timestamptz > now() then 'scheduled'
        else 'available'
    end::metadata.river_job_state,
    coalesce($7::timestamptz, now()), $8::jsonb,
    $9::text[]::varchar(255)[], $10::bytea, $11::text::bit(8)
)
on conflict (unique_key)
where unique_key is not null
    and unique_states is not null
    and metadata.river_job_state_in_bitmask(unique_states, state)
do update set kind = excluded.kind
returning job.id, (job.xmax <> 0)
