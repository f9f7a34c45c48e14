-- Allows or forbids signing in; forbidden people are signed out. $1 id, $2 true or false. Called by identity::people.
with changed as (
  update civic_os_identity.people
  set enabled = $2::boolean
  where id = $1::uuid
  returning id, enabled
),
signed_out as (
  delete from civic_os_identity.sessions s using changed c where s.person_id = c.id and not c.enabled
),
void as (
  delete from civic_os_identity.links l using changed c where l.person_id = c.id and not c.enabled
)
select id::text from changed
