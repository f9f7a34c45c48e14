-- Functions that can be called: named input parameters, or exactly one unnamed of a type that a body can be.
-- $1 text[]: exposed schemas. Read by schema_cache::load.
with recursive functions as (
  select p.*, n.nspname
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
   where p.prokind = 'f'
     and p.prorettype <> all (array['trigger', 'event_trigger']::pg_catalog.regtype[])
     and n.nspname = any ($1::text[])
), chain as (
  select distinct prorettype as origin, prorettype as type from functions
  union all
  select chain.origin, t.typbasetype
    from chain
    join pg_catalog.pg_type t on t.oid = chain.type
   where t.typtype = 'd'
)
select f.nspname,
       f.proname,
       (select d.description
          from pg_catalog.pg_description d
         where d.objoid = f.oid and d.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objsubid = 0),
       (select pg_catalog.json_agg(
                 pg_catalog.json_build_array(coalesce(i.name, ''), pg_catalog.format_type(i.type, null), i.mode = 'v')
                 order by i.position)
          from rows from (
                 pg_catalog.unnest(coalesce(f.proallargtypes, f.proargtypes::oid[])),
                 pg_catalog.unnest(f.proargnames),
                 pg_catalog.unnest(f.proargmodes)
               ) with ordinality as i (type, name, mode, position)
         where i.type is not null
           and (i.mode is null or i.mode in ('i', 'b', 'v'))),
       f.pronargs - f.pronargdefaults,
       tn.nspname,
       coalesce(r.relname, t.typname),
       f.proretset,
       t.typtype = 'c' or coalesce(f.proargmodes && array['t', 'b', 'o']::"char"[], false),
       chain.type <> f.prorettype,
       f.provolatile,
       f.provariadic <> 0,
       pg_catalog.array_to_json(f.proconfig)
  from functions f
  join chain on chain.origin = f.prorettype
  join pg_catalog.pg_type t on t.oid = chain.type and t.typtype <> 'd'
  join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
  left join pg_catalog.pg_class r on r.oid = t.typrelid
 order by f.nspname, f.proname, f.pronargs, f.oid
