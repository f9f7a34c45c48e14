-- Uses up a recovery code. $1 id, $2 hash. No row: there is no such code. Called by identity::people.
update civic_os_identity.people
set recovery_codes = array_remove(recovery_codes, $2::text)
where id = $1::uuid and $2::text = any (recovery_codes)
returning id::text
