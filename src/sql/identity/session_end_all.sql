-- Ends all sessions of a person. $1 person. Called by identity::sessions.
delete from civic_os_identity.sessions
where person_id = $1::uuid
