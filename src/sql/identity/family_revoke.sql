-- $1 family. Called by identity::sessions.
delete from civic_os_identity.token_families
where id = $1::uuid
