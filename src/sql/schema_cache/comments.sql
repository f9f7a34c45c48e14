-- Comments on the exposed relations (0) and their columns.
-- $1 text[]: exposed schemas. Read by schema_cache::load.
select d.objoid, d.objsubid, d.description
  from pg_catalog.pg_description d
  join pg_catalog.pg_class c on c.oid = d.objoid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
   and c.relkind in ('r', 'v', 'm', 'f', 'p')
   and not c.relispartition
   and n.nspname = any ($1::text[])
