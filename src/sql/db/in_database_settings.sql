-- PostgREST's in-database configuration: settings of the login for this database, then for all databases, then what the
-- pre-configuration function set. $1 text[]: full names. Read by db::settings.
with stored as (
  select pg_catalog.split_part(s.setting, '=', 1) as name,
         pg_catalog.substr(s.setting, pg_catalog.strpos(s.setting, '=') + 1) as value,
         case when d.setdatabase <> 0 then 1 else 2 end as rank
    from pg_catalog.pg_db_role_setting d
   cross join lateral pg_catalog.unnest(d.setconfig) as s (setting)
   where d.setrole = (select oid from pg_catalog.pg_roles where rolname = current_user)
     and d.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))
  union all
  select n.name, pg_catalog.current_setting(n.name, true), 3
    from pg_catalog.unnest($1::text[]) as n (name)
)
select distinct on (name) name, value
  from stored
 where value is not null
   and name like 'pgrst.%'
   and (rank < 3 or value <> '')
 order by name, rank
