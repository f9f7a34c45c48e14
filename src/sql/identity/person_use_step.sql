-- Uses up a time step, once, of all processes. $1 id, $2 step. No row: it or a later one was used. Called by identity::people.
update civic_os_identity.people
set totp_last_step = $2::bigint
where id = $1::uuid and coalesce(totp_last_step, 0) < $2::bigint
returning id::text
