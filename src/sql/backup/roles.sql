-- Roles that own or may do something in this database, and who may become them: a dump names them, but does not make them.
with recursive named as (
  select s.refobjid as oid
  from pg_shdepend s
  where s.refclassid = 'pg_authid'::regclass
    and s.dbid in (0, (select oid from pg_database where datname = current_database()))
    and (s.dbid <> 0 or s.classid = 'pg_database'::regclass and s.objid = (select oid from pg_database where datname = current_database()))
  union
  select m.member from pg_auth_members m join named on named.oid = m.roleid
)
select r.rolname, r.rolcanlogin, r.rolinherit,
  coalesce((select array_agg(g.rolname::text order by g.rolname) from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid), '{}')
from pg_roles r
where r.oid in (select oid from named) and not r.rolsuper and r.rolname !~ '^pg_'
order by 1
