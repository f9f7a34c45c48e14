-- What kind of login this is and what kind of server answers. No parameters. One row. Called by cli/doctor/database.rs.
select current_setting('server_version_num')::int4 as version_number,
       current_setting('server_version')::text as version,
       session_user::text as login,
       current_database()::text as database,
       r.rolsuper as is_superuser,
       r.rolbypassrls as bypasses_rls,
       r.rolinherit as inherits,
       (select count(*)
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.relowner = r.oid
           and c.relkind in ('r', 'p')
           and n.nspname in ('public', 'metadata', 'payments')) as tables_owned,
       pg_catalog.pg_is_in_recovery() as is_replica,
       extract(epoch from clock_timestamp())::float8 as clock,
       current_setting('max_connections')::int4 - current_setting('superuser_reserved_connections')::int4 as connections,
       exists (select from pg_catalog.pg_extension where extname = 'postgis') as has_postgis,
       exists (select from pg_catalog.pg_available_extensions where name = 'postgis') as postgis_available
  from pg_catalog.pg_roles r
 where r.rolname = session_user;
