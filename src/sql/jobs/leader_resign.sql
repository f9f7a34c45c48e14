-- Gives the leadership up and tells the others, who then bid at once. $1 client id. Called by jobs::leader.
with resigned as (
    delete from metadata.river_leader
    where name = 'default'
      and leader_id = $1::text
    returning leader_id
)
select pg_notify('metadata.river_leadership', json_build_object('leader_id', leader_id, 'action', 'resigned')::text)
from resigned
