-- $1 hash, $2 sid, $3 address to return to, $4 challenge, $5 nonce, $6 scope. Called by identity::sessions.
insert into civic_os_identity.codes (code_hash, sid, redirect_uri, code_challenge, nonce, scope)
values ($1::text, $2::uuid, $3::text, $4::text, $5::text, $6::text)
