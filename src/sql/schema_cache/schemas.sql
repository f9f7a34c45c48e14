-- Which of the named schemas exist, with their comments, and the server's version.
-- $1 text[]: schema names. Read by schema_cache::load.
select n.nspname,
       pg_catalog.obj_description(n.oid, 'pg_namespace'),
       pg_catalog.current_setting('server_version_num')
  from pg_catalog.pg_namespace n
 where n.nspname = any ($1::text[])
