-- Default expressions of the exposed columns; identity columns that take values have their sequence. Printing an
-- expression is dear and many tables share theirs (a default never names a column), so each is printed once.
-- $1 text[]: exposed schemas. Read by schema_cache::load.
with used as materialized (
  select d.adrelid, d.adnum, d.adbin, d.adbin::text as tree
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attrdef d on d.adrelid = c.oid
    join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
   where c.relkind in ('r', 'v', 'm', 'f', 'p')
     and not c.relispartition
     and n.nspname = any ($1::text[])
     and a.attgenerated = ''
), expressions as materialized (
  select first.tree, pg_catalog.pg_get_expr(first.adbin, first.adrelid) as expression
    from (select distinct on (used.tree) used.tree, used.adbin, used.adrelid from used order by used.tree) as first
)
select used.adrelid, used.adnum, expressions.expression
  from used
  join expressions on expressions.tree = used.tree
union all
select s.refobjid, s.refobjsubid, pg_catalog.format('nextval(%L)', s.objid::pg_catalog.regclass)
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attidentity = 'd'
  join pg_catalog.pg_depend s on s.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
   and s.refobjid = a.attrelid
   and s.refobjsubid = a.attnum
   and s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
   and s.deptype = 'i'
 where c.relkind in ('r', 'p')
   and not c.relispartition
   and n.nspname = any ($1::text[])
