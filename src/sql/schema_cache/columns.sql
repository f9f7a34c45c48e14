-- Columns of the exposed relations; types and defaults are read apart, because many columns share them. Flags: n not null,
-- a identity that is always generated, d identity that takes values, s stored generated.
-- $1 text[]: exposed schemas. Read by schema_cache::load.
select a.attrelid,
       a.attnum,
       a.attname,
       a.atttypid,
       a.atttypmod,
       case when a.attnotnull then 'n' else '' end || a.attidentity::text || a.attgenerated::text
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid
 where c.relkind in ('r', 'v', 'm', 'f', 'p')
   and not c.relispartition
   and n.nspname = any ($1::text[])
   and a.attnum > 0
   and not a.attisdropped
 order by a.attrelid, a.attnum
