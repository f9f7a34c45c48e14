-- Default expressions of the exposed columns; identity columns that take values have their sequence. Printing an
-- expression is dear and many tables share theirs (a default never names a column), so each is printed once. Expressions
-- of stored generated columns come along; the reader leaves them out, which is cheaper than looking each column up.
-- $1 text[]: exposed schemas. Read by schema_cache::load.
with used as materialized (
  select d.oid, d.adrelid, d.adnum, d.adbin::text as tree
    from pg_catalog.pg_attrdef d
   where d.adrelid in (
     select c.oid
       from pg_catalog.pg_class c
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'v', 'm', 'f', 'p')
        and not c.relispartition
        and n.nspname = any ($1::text[])
   )
), expressions as materialized (
  select first.tree, pg_catalog.pg_get_expr(d.adbin, d.adrelid) as expression
    from (select used.tree, min(used.oid) as oid from used group by used.tree) as first
    join pg_catalog.pg_attrdef d on d.oid = first.oid
)
select used.adrelid, used.adnum, expressions.expression
  from used
  join expressions on expressions.tree = used.tree
union all
select s.refobjid, s.refobjsubid, pg_catalog.format('nextval(%L)', s.objid::pg_catalog.regclass)
  from pg_catalog.pg_sequence q
  join pg_catalog.pg_depend s on s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
   and s.objid = q.seqrelid
   and s.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
   and s.deptype = 'i'
  join pg_catalog.pg_attribute a on a.attrelid = s.refobjid and a.attnum = s.refobjsubid and a.attidentity = 'd'
  join pg_catalog.pg_class c on c.oid = s.refobjid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p')
   and not c.relispartition
   and n.nspname = any ($1::text[])
