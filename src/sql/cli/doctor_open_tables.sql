-- Tables that clients reach and that row security does not protect: $1 exposed schemas, $2 roles of requests. Columns: name.
-- Tables of extensions do not count. Called by cli/doctor/safety.rs.
select format('%I.%I', n.nspname, c.relname)
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname = any ($1::text[])
   and c.relkind in ('r', 'p')
   and not c.relrowsecurity
   and not exists (select from pg_catalog.pg_depend d
                    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
   and exists (select
                 from pg_catalog.pg_roles r
                where r.rolname = any ($2::text[])
                  and (has_table_privilege(r.oid, c.oid, 'insert, update, delete, truncate')
                       or has_any_column_privilege(r.oid, c.oid, 'select, insert, update')))
 order by 1
