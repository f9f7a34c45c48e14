-- The person of a username or, if there is none, of an e-mail address. $1 as typed. Called by identity::people.
select to_jsonb(a)::text
from civic_os_identity.accounts a
where lower(a.username) = lower($1::text) or lower(a.email) = lower($1::text)
order by lower(a.username) = lower($1::text) desc
limit 1
