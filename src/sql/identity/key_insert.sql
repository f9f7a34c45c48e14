-- The next key. $1 name, $2 key, $3 seconds until it signs, $4 seconds: with a key younger than that there is nothing to do, somebody else was
-- first. Called by identity::signing_keys.
insert into civic_os_identity.signing_keys (kid, private_key, signs_from)
select $1::text, $2::text, now() + make_interval(secs => $3::float8)
where not exists (
  select from civic_os_identity.signing_keys where created_at > now() - make_interval(secs => $4::float8)
)
returning kid
