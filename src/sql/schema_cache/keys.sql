-- Primary keys, unique constraints and foreign keys of all schemas but the system's, since views may show private
-- tables. A foreign key that a partition inherited is its parent's. Read by schema_cache::load.
select k.conname, k.contype, k.conrelid, k.confrelid, k.conkey::int4[], k.confkey::int4[]
  from pg_catalog.pg_constraint k
 where k.contype in ('p', 'u', 'f')
   and (k.contype <> 'f' or k.conparentid = 0)
   and k.connamespace <> all (array['pg_catalog', 'information_schema']::pg_catalog.regnamespace[])
 order by k.conrelid, k.conname
