-- Extends exactly the term that we won, and never one that has expired. $1 client id, $2 elected at (microseconds since 1970), $3 lease in seconds. Called by jobs::leader.
update metadata.river_leader
set expires_at = now() + make_interval(secs => $3::float8)
where name = 'default'
  and leader_id = $1::text
  and elected_at = timestamptz 'epoch' + $2::bigint * interval '1 microsecond'
  and expires_at >= now()
returning (extract(epoch from elected_at) * 1000000)::bigint
