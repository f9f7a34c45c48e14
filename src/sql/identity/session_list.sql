-- Live sessions of a person, last used first. $1 person, $2 idle seconds, $3 longest seconds. Called by identity::sessions.
select to_jsonb(s)::text
from civic_os_identity.sessions s
where s.person_id = $1::uuid
  and s.last_used_at > now() - make_interval(secs => $2::float8)
  and s.signed_in_at > now() - make_interval(secs => $3::float8)
order by s.last_used_at desc
