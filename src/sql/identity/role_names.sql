-- Names of the roles that people can be given. Called by identity::people.
select distinct r.display_name
from metadata.roles r
where r.display_name <> 'anonymous'
order by 1
