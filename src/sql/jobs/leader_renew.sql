-- Extends exactly the term that we won, and never one that has expired. $1 client id, $2 elected at, $3 lease in seconds. Called by jobs::leader.
update metadata.river_leader
set expires_at = now() + make_interval(secs => $3::float8)
where name = 'default'
  and leader_id = $1::text
  and elected_at = $2::timestamptz
  and expires_at >= now()
returning elected_at
