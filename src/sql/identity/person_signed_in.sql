-- $1 id. Called by identity::people.
update civic_os_identity.people
set last_sign_in_at = now()
where id = $1::uuid
