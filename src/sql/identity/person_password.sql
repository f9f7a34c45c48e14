-- Another password: links that were sent are void. $1 id, $2 hash. Called by identity::people.
with changed as (
  update civic_os_identity.people
  set password_hash = $2::text, password_changed_at = now()
  where id = $1::uuid
  returning id
),
void as (
  delete from civic_os_identity.links l using changed c where l.person_id = c.id
)
select id::text from changed
