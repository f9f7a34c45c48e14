-- Uses up a refresh token: the next of its family becomes the valid one. No row: see family_refused. $1 family, $2 generation, $3 idle seconds,
-- $4 longest seconds. Called by identity::sessions.
with rotated as (
  update civic_os_identity.token_families f
  set generation = f.generation + 1
  from civic_os_identity.sessions s
  join civic_os_identity.people p on p.id = s.person_id
  where f.id = $1::uuid
    and f.generation = $2::bigint
    and s.sid = f.sid
    and s.last_used_at > now() - make_interval(secs => $3::float8)
    and s.signed_in_at > now() - make_interval(secs => $4::float8)
    and p.enabled
  returning f.*
),
used as (
  update civic_os_identity.sessions s
  set last_used_at = now()
  from rotated
  where s.sid = rotated.sid and s.last_used_at < now() - interval '1 minute'
)
select to_jsonb(rotated)::text, to_jsonb(s)::text, to_jsonb(a)::text
from rotated
join civic_os_identity.sessions s on s.sid = rotated.sid
join civic_os_identity.accounts a on a.id = s.person_id
