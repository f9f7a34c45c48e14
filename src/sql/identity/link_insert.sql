-- A link for a person; an older one of its kind is void. $1 hash, $2 person, $3 purpose, $4 seconds. Called by identity::links.
with void as (
  delete from civic_os_identity.links where person_id = $2::uuid and purpose = $3::text
)
insert into civic_os_identity.links (token_hash, person_id, purpose, expires_at)
values ($1::text, $2::uuid, $3::text, now() + make_interval(secs => $4::float8))
