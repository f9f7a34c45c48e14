-- Bids for the leadership (WORKERS.md §2.6): wins when nobody leads, when the lease has ended, or when the row names the bidder already: that is a won bid
-- whose answer was lost, and nobody else can win before its lease ends. Returns the term won (microseconds since 1970) or null, and how long
-- the present holder's lease lasts in seconds, so that a loser bids again right after its end. $1 client id, $2 lease in seconds. Called by jobs::leader.
with bid as (
    insert into metadata.river_leader as leader (leader_id, elected_at, expires_at)
    values ($1::text, now(), now() + make_interval(secs => $2::float8))
    on conflict (name) do update
    set leader_id = excluded.leader_id, elected_at = excluded.elected_at, expires_at = excluded.expires_at
    where leader.expires_at < now() or leader.leader_id = excluded.leader_id
    returning elected_at
)
select (select (extract(epoch from elected_at) * 1000000)::bigint from bid),
    (select extract(epoch from expires_at - now()) from metadata.river_leader where expires_at >= now())
