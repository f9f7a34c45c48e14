-- What the pool's login may do beyond becoming the roles of requests. One row, all columns as text; no parameters.
-- Called by auth/login.rs.
select r.rolname::text as login,
       r.rolsuper::text as is_superuser,
       r.rolbypassrls::text as bypasses_rls,
       (r.rolcreaterole or r.rolreplication)::text as manages_roles,
       (select count(*)
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.relowner = r.oid
           and c.relkind in ('r', 'p', 'v', 'm', 'f')
           and n.nspname not like 'pg\_%'
           and n.nspname <> 'information_schema')::text as relations_owned,
       (select coalesce(string_agg(m.rolname, ', ' order by m.rolname), '')
          from pg_catalog.pg_roles m
         where m.oid <> r.oid
           and (m.rolsuper or m.rolbypassrls)
           and pg_catalog.pg_has_role(r.oid, m.oid, 'MEMBER'))::text as powerful_roles,
       (r.rolinherit and exists (select from pg_catalog.pg_auth_members a where a.member = r.oid))::text as inherits
  from pg_catalog.pg_roles r
 where r.rolname = session_user;
