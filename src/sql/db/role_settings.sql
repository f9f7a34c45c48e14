-- Settings of the roles that the login is a direct member of, as far as the login may set them. Read by db::settings.
with settings as (
  select r.rolname,
         pg_catalog.split_part(s.setting, '=', 1) as name,
         pg_catalog.lower(pg_catalog.substr(s.setting, pg_catalog.strpos(s.setting, '=') + 1)) as value
    from pg_catalog.pg_auth_members m
    join pg_catalog.pg_roles r on r.oid = m.roleid
   cross join lateral pg_catalog.unnest(r.rolconfig) as s (setting)
   where m.member = (select oid from pg_catalog.pg_roles where rolname = current_user)
)
select s.rolname, s.name, s.value
  from settings s
  join pg_catalog.pg_settings p on p.name = s.name
 where p.context = 'user'
    or pg_catalog.has_parameter_privilege(current_user, p.name, 'set')
 order by s.rolname, s.name
