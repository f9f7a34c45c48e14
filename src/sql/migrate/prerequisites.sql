-- Purpose: what a deploy needs before its first change. No parameters. Called by: migrate::prerequisites.
select
  current_setting('server_version') as server_version,
  current_setting('server_version_num')::integer as server_version_number,
  current_user::text as login,
  r.rolsuper as is_superuser,
  r.rolcreaterole as may_create_roles,
  has_database_privilege(current_database(), 'create') as may_create_schemas,
  has_schema_privilege('public', 'create') as may_create_in_public,
  current_database()::text as database,
  exists (select from pg_catalog.pg_roles where rolname = 'authenticator') as has_authenticator,
  (
    select count(*) = 2
    from pg_catalog.pg_auth_members m
    join pg_catalog.pg_roles member on member.oid = m.member
    join pg_catalog.pg_roles granted on granted.oid = m.roleid
    where member.rolname = 'authenticator' and granted.rolname in ('web_anon', 'authenticated')
  ) as roles_are_ready
from pg_catalog.pg_roles r
where r.rolname = current_user
