-- The live session of a cookie with its enabled person; it counts as used, which is written down once a minute at most. $1 hash, $2 idle
-- seconds, $3 longest seconds. Called by identity::sessions.
with used as (
  update civic_os_identity.sessions s
  set last_used_at = now()
  where s.cookie_hash = $1::text
    and s.last_used_at < now() - interval '1 minute'
    and s.last_used_at > now() - make_interval(secs => $2::float8)
    and s.signed_in_at > now() - make_interval(secs => $3::float8)
)
select to_jsonb(s)::text, to_jsonb(a)::text
from civic_os_identity.sessions s
join civic_os_identity.accounts a on a.id = s.person_id
where s.cookie_hash = $1::text
  and s.last_used_at > now() - make_interval(secs => $2::float8)
  and s.signed_in_at > now() - make_interval(secs => $3::float8)
  and a.enabled
