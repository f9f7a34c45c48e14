-- Names and addresses. $1 id, $2 e-mail address, $3 and $4 names, $5 telephone. Called by identity::people.
update civic_os_identity.people
set email = nullif($2::text, ''), given_name = $3::text, family_name = $4::text, phone_number = nullif($5::text, '')
where id = $1::uuid
returning id::text
