-- A new person. $1 id, $2 username, $3 e-mail address, $4 and $5 names, $6 telephone, $7 password hash. No row: the id, username or address is
-- taken. Called by identity::people.
insert into civic_os_identity.people
  (id, username, email, given_name, family_name, phone_number, password_hash, password_changed_at)
values
  ($1::uuid, $2::text, nullif($3::text, ''), $4::text, $5::text, nullif($6::text, ''), $7::text,
   case when $7::text is not null then now() end)
on conflict do nothing
returning id::text
