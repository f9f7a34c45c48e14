-- Definitions of the views through which keys are followed, as the server keeps them.
-- $1 text[]: exposed schemas and those of the search path. Read by schema_cache::load.
select c.oid, r.ev_action::text
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_rewrite r on r.ev_class = c.oid
 where c.relkind in ('v', 'm')
   and r.rulename = '_RETURN'
   and n.nspname = any ($1::text[])
 order by c.oid
