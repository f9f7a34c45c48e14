-- Ends a session and everything that descends from it. $1 sid. Called by identity::sessions.
delete from civic_os_identity.sessions
where sid = $1::uuid
