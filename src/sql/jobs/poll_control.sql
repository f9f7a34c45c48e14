-- What notifications would have told: paused queues and cancelled runs of ours; works without LISTEN. $1 client id, $2 queues we serve.
-- Called by jobs::control.
select
    coalesce((
        select jsonb_agg(name) from metadata.river_queue where paused_at is not null and (name = any ($2::text[]) or name = '*')
    ), '[]') as paused,
    coalesce((
        select jsonb_agg(id)
        from metadata.river_job
        where state = 'running'
          and attempted_by[array_upper(attempted_by, 1)] = $1::text
          and metadata ? 'cancel_attempted_at'
    ), '[]') as cancelled,
    coalesce((
        select jsonb_agg(jsonb_build_array(id, (extract(epoch from attempted_at) * 1000000)::bigint))
        from metadata.river_job
        where state = 'running'
          and attempted_by[array_upper(attempted_by, 1)] = $1::text
          and isfinite(attempted_at)
    ), '[]') as running
