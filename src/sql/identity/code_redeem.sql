-- Spends a code and, if it fits, makes its tokens. A code that comes again revokes what came from it: whoever is second, one of the two has
-- stolen it. $1 hash, $2 address to return to, $3 challenge, $4 seconds a code lives, $5 id of the new family, $6 idle seconds, $7 longest
-- seconds, $8 families a session may have. Called by identity::sessions.
with code as (
  select *
  from civic_os_identity.codes
  where code_hash = $1::text
  for update
),
revoked as (
  delete from civic_os_identity.token_families f using code where f.id = code.family_id and code.used_at is not null
),
fitting as (
  select code.*
  from code
  join civic_os_identity.sessions s on s.sid = code.sid
  join civic_os_identity.people p on p.id = s.person_id
  where code.used_at is null
    and code.created_at > now() - make_interval(secs => $4::float8)
    and code.redirect_uri = $2::text
    and code.code_challenge = $3::text
    and s.last_used_at > now() - make_interval(secs => $6::float8)
    and s.signed_in_at > now() - make_interval(secs => $7::float8)
    and p.enabled
),
spent as (
  update civic_os_identity.codes c
  set used_at = coalesce(c.used_at, now()), family_id = coalesce(c.family_id, (select $5::uuid from fitting))
  from code
  where c.code_hash = code.code_hash
),
used as (
  update civic_os_identity.sessions s set last_used_at = now() from fitting where s.sid = fitting.sid
),
crowded as (
  delete from civic_os_identity.token_families f
  where f.id in (
    select o.id
    from civic_os_identity.token_families o
    join fitting on fitting.sid = o.sid
    order by o.created_at desc
    offset $8::bigint - 1
  )
),
family as (
  insert into civic_os_identity.token_families (id, sid, scope)
  select $5::uuid, fitting.sid, fitting.scope
  from fitting
  returning *
)
select to_jsonb(family)::text, to_jsonb(s)::text, to_jsonb(a)::text, fitting.nonce
from family
join fitting on fitting.sid = family.sid
join civic_os_identity.sessions s on s.sid = family.sid
join civic_os_identity.accounts a on a.id = s.person_id
