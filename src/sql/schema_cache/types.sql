-- Types of all columns: names with and without modifiers, what a domain stands for, length limits, enum labels. Finding
-- out which of them exposed columns have would take longer than naming them all. Read by schema_cache::load.
with recursive used as (
  select distinct a.atttypid as type, a.atttypmod as modifier
    from pg_catalog.pg_attribute a
   where a.attnum > 0
     and not a.attisdropped
), chain as (
  select distinct type as origin, type, null::int4 as modifier from used
  union all
  select chain.origin, t.typbasetype, t.typtypmod
    from chain
    join pg_catalog.pg_type t on t.oid = chain.type
   where t.typtype = 'd'
), base as (
  select chain.origin, t.oid as type, t.typnamespace, t.typtype
    from chain
    join pg_catalog.pg_type t on t.oid = chain.type
   where t.typtype <> 'd'
)
select u.type,
       u.modifier,
       pg_catalog.format_type(u.type, u.modifier),
       case when base.typnamespace = 'pg_catalog'::pg_catalog.regnamespace then pg_catalog.format_type(base.type, null)
            else pg_catalog.format_type(u.type, u.modifier)
       end,
       case when t.typtype = 'd' then t.typbasetype else u.type end,
       case when t.typtype = 'd' then t.typtypmod else u.modifier end,
       t.typtype = 'd' and t.typnotnull,
       case when t.typtype = 'd' then pg_catalog.pg_get_expr(t.typdefaultbin, 0) end,
       case when base.typtype = 'e' then (
         select pg_catalog.json_agg(e.enumlabel order by e.enumsortorder)
           from pg_catalog.pg_enum e
          where e.enumtypid = base.type
       ) end
  from used u
  join pg_catalog.pg_type t on t.oid = u.type
  left join base on base.origin = u.type
