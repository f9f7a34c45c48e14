-- Aggregates and functions that return a domain named like a media type.
-- $1 text[]: exposed schemas. Read by schema_cache::load.
with media_types as (
  select t.oid, pg_catalog.lower(t.typname) as name
    from pg_catalog.pg_type t
   where t.typtype = 'd'
     and (t.typname ~* '^[a-z0-9.-]+/[a-z0-9.+-]+$' or t.typname = '*/*')
)
select 'aggregate', n.nspname, p.proname, rn.nspname, r.relname, m.name
  from pg_catalog.pg_proc p
  join media_types m on m.oid = p.prorettype
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  left join pg_catalog.pg_class r on r.reltype = p.proargtypes[0]
  left join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
 where p.prokind = 'a'
   and p.pronargs = 1
   and (r.oid is not null or p.proargtypes[0] = 'anyelement'::pg_catalog.regtype)
   and n.nspname = any ($1::text[])
union all
select 'function', n.nspname, p.proname, null, null, m.name
  from pg_catalog.pg_proc p
  join media_types m on m.oid = p.prorettype
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where p.prokind = 'f'
   and not p.proretset
   and n.nspname = any ($1::text[])
