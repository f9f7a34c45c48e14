-- Functions from one row of an exposed relation to rows of another.
-- $1 text[]: exposed schemas. Read by schema_cache::load.
select pn.nspname, p.proname, an.nspname, a.relname, rn.nspname, r.relname, not p.proretset or p.prorows = 1
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
  join pg_catalog.pg_class a on a.reltype = p.proargtypes[0]
  join pg_catalog.pg_namespace an on an.oid = a.relnamespace
  join pg_catalog.pg_class r on r.reltype = p.prorettype
  join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
 where p.pronargs = 1
   and p.prokind = 'f'
   and a.relkind in ('r', 'v', 'm', 'f', 'p')
   and r.relkind in ('r', 'v', 'm', 'f', 'p')
   and an.nspname = any ($1::text[])
   and rn.nspname = any ($1::text[])
 order by pn.nspname, p.proname
