-- The person of a link that is still good. $1 hash. Called by identity::links.
select (to_jsonb(a) || jsonb_build_object('purpose', l.purpose))::text
from civic_os_identity.links l
join civic_os_identity.accounts a on a.id = l.person_id
where l.token_hash = $1::text and l.expires_at > now() and a.enabled
