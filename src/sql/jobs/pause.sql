-- Pauses or resumes a queue, `*` = all known ones and the marker row for new ones. $1 queue, $2 paused, $3 control channel. Called by jobs::operations.
with named as (
    insert into metadata.river_queue as queue (name, metadata, paused_at, updated_at)
    values ($1::text, '{}', case when $2::boolean then now() end, now())
    on conflict (name) do update set paused_at = excluded.paused_at, updated_at = now()
),
others as (
    update metadata.river_queue
    set paused_at = case when $2::boolean then coalesce(paused_at, now()) end, updated_at = now()
    where $1::text = '*'
      and name <> '*'
)
select pg_notify($3::text, json_build_object('action', case when $2::boolean then 'pause' else 'resume' end, 'queue', $1::text)::text)
