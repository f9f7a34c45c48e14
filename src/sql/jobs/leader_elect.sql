-- Bids for the leadership; one row = won (WORKERS.md §2.6). $1 client id, $2 lease in seconds. Called by jobs::leader.
with expired as (
    delete from metadata.river_leader
    where expires_at < now()
)
insert into metadata.river_leader (leader_id, elected_at, expires_at)
select $1::text, now(), now() + make_interval(secs => $2::float8)
where not exists (select from metadata.river_leader where expires_at >= now())
on conflict (name) do nothing
returning (extract(epoch from elected_at) * 1000000)::bigint
