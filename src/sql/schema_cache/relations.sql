-- Exposed relations and what can be done to their rows. Partitions are hidden behind their parent.
-- $1 text[]: exposed schemas. Read by schema_cache::load.
select c.oid,
       n.nspname,
       c.relname,
       c.relkind in ('v', 'm'),
       case when c.relkind in ('r', 'p') then 28
            when c.relkind in ('v', 'f') then pg_catalog.pg_relation_is_updatable(c.oid, true)
            else 0
       end
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'v', 'm', 'f', 'p')
   and not c.relispartition
   and n.nspname = any ($1::text[])
 order by n.nspname, c.relname
