-- $1 name, $2 key. Called by identity::signing_keys.
insert into civic_os_identity.signing_keys (kid, private_key, is_first)
values ($1::text, $2::text, true)
on conflict do nothing
