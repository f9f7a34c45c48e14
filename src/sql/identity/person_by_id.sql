-- $1 id. Called by identity::people.
select to_jsonb(a)::text
from civic_os_identity.accounts a
where a.id = $1::uuid
