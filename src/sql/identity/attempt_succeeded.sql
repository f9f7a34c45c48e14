-- The account's count starts anew, the address gets this attempt back. $1 hash of the account, $2 hash of the address. Called by
-- identity::throttle.
with locked as (
  select name_hash
  from civic_os_identity.attempts
  where name_hash in ($1::text, $2::text)
  order by name_hash
  for update
)
update civic_os_identity.attempts a
set failures = case when a.name_hash = $1::text then 0 else greatest(a.failures - 1, 0) end, blocked_until = null
from locked
where a.name_hash = locked.name_hash
