-- Sets or removes the second factor. $1 id, $2 secret or null, $3 time step of the code that confirmed it, $4 hashes of recovery codes as a JSON list.
-- Called by identity::people.
update civic_os_identity.people
set
  totp_secret = $2::text,
  totp_confirmed_at = case when $2::text is not null then now() end,
  totp_last_step = $3::bigint,
  recovery_codes = array(select jsonb_array_elements_text($4::jsonb))
where id = $1::uuid
returning id::text
