-- How many enabled administrators there are beside one person. $1 id. Called by identity::directory.
select count(*)::text
from civic_os_identity.accounts a
where a.enabled and 'admin' = any (a.roles) and a.id <> $1::uuid
