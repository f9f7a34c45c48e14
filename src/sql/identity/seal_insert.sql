-- $1 secret. Processes that start together agree on the first. Called by identity::signing_keys.
insert into civic_os_identity.seal (secret)
values ($1::text)
on conflict do nothing
