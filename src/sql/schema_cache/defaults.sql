-- Default expressions of the exposed columns; identity columns that take values have their sequence.
-- $1 text[]: exposed schemas. Read by schema_cache::load.
select d.adrelid, d.adnum, pg_catalog.pg_get_expr(d.adbin, d.adrelid)
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attrdef d on d.adrelid = c.oid
  join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
 where c.relkind in ('r', 'v', 'm', 'f', 'p')
   and not c.relispartition
   and n.nspname = any ($1::text[])
   and a.attgenerated = ''
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
