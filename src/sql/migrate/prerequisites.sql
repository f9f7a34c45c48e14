-- Purpose: what a deploy needs before its first change. No parameters. Called by: migrate::prerequisites.
with shared as (
  select
    needed.role,
    r.oid is not null as is_there,
    exists (
      select
      from pg_catalog.pg_auth_members m
      join pg_catalog.pg_roles member on member.oid = m.member
      where m.roleid = r.oid and member.rolname = 'authenticator'
    ) as is_granted,
    -- Before PostgreSQL 16 CREATEROLE alone is enough to grant other people's roles.
    coalesce(
      me.rolsuper
        or pg_has_role(r.oid, 'member with admin option')
        or (me.rolcreaterole and current_setting('server_version_num')::integer < 160000),
      false
    ) as may_grant
  from unnest(array['web_anon', 'authenticated', 'civic_os_worker', 'civic_os_payments', 'civic_os_identity'])
    as needed (role)
  cross join (select rolsuper, rolcreaterole from pg_catalog.pg_roles where rolname = current_user) me
  left join pg_catalog.pg_roles r on r.rolname = needed.role
)
select
  current_setting('server_version') as server_version,
  current_setting('server_version_num')::integer as server_version_number,
  current_user::text as login,
  r.rolsuper or r.rolcreaterole as may_create_roles,
  has_database_privilege(current_database(), 'create') as may_create_schemas,
  has_schema_privilege('public', 'create') as may_create_in_public,
  current_database()::text as database,
  exists (select from pg_catalog.pg_roles where rolname = 'authenticator') as has_authenticator,
  array(select s.role from shared s where not s.is_there) as missing_roles,
  array(select s.role from shared s where s.is_there and not s.is_granted and not s.may_grant) as ungranted_roles
from pg_catalog.pg_roles r
where r.rolname = current_user
