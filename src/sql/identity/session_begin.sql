-- $1 sid, $2 hash of the cookie, $3 person, $4 address, $5 browser. Called by identity::sessions.
insert into civic_os_identity.sessions (sid, cookie_hash, person_id, address, browser)
values ($1::uuid, $2::text, $3::uuid, $4::text, $5::text)
returning to_jsonb(sessions)::text
