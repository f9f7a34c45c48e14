-- Ends one session of a person. $1 person, $2 sid. Called by identity::sessions.
delete from civic_os_identity.sessions
where person_id = $1::uuid and sid = $2::uuid
