-- Gives a person exactly these roles. $1 id, $2 names as a JSON list. Called by identity::people.
with wanted as (
  select min(r.id) as role_id
  from jsonb_array_elements_text($2::jsonb) as name
  join metadata.roles r on r.display_name = name
  group by name
),
taken as (
  delete from civic_os_identity.person_roles pr
  where pr.person_id = $1::uuid and pr.role_id not in (select role_id from wanted)
)
insert into civic_os_identity.person_roles (person_id, role_id)
select $1::uuid, role_id
from wanted
on conflict on constraint person_roles_pkey do nothing
