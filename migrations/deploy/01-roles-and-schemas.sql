-- Roles, schemas and extensions.
--
-- Roles belong to the whole cluster: a second database of the same cluster finds them in place, and two deploys may
-- run at the same moment. Hence every statement about a role is conditional and survives losing that race.
-- `authenticator` (LOGIN NOINHERIT) is the operator's to create; the runner has checked that it exists.

do $$
declare
  v_role text;
begin
  foreach v_role in array array['web_anon', 'authenticated'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      begin
        execute format('create role %I nologin', v_role);
      exception
        when duplicate_object or unique_violation then null;
      end;
    end if;
    -- A role setting: in force for `set role` only because the API server applies role settings itself.
    if not exists (
      select from pg_catalog.pg_roles
      where rolname = v_role and 'search_path=public, postgis' = any (rolconfig)
    ) then
      begin
        execute format('alter role %I set search_path to public, postgis', v_role);
      exception
        -- XX000 is "tuple concurrently updated": another database of this cluster just set the same value.
        when internal_error or unique_violation then null;
      end;
    end if;
    if not exists (
      select
      from pg_catalog.pg_auth_members m
      where m.roleid = v_role::regrole and m.member = 'authenticator'::regrole
    ) then
      begin
        execute format('grant %I to authenticator', v_role);
      exception
        when internal_error or unique_violation then null;
      end;
    end if;
  end loop;
end
$$;

create schema metadata;
create schema payments;
create schema if not exists postgis;

grant usage on schema public, metadata to web_anon, authenticated;
grant usage on schema payments to authenticated;
-- A superuser may have made this one beforehand, for an owner who cannot; then its grants are theirs.
do $$ begin
  grant usage on schema postgis to public;
exception when insufficient_privilege then
  raise warning 'schema postgis belongs to somebody else: %', sqlerrm;
end $$;

create extension if not exists pgcrypto with schema public;
create extension if not exists btree_gist with schema public;

-- Maps need PostGIS; everything else works without it. It is not a trusted extension, so an ordinary owner may be
-- unable to create it: the deploy goes on and says what is missing.
do $$
begin
  if exists (select from pg_catalog.pg_extension where extname = 'postgis') then
    null;
  elsif not exists (select from pg_catalog.pg_available_extensions where name = 'postgis') then
    raise warning 'PostGIS is not available on this server: deployed without it, location columns cannot be used';
  else
    create extension postgis with schema postgis;
  end if;
exception
  when insufficient_privilege then
    raise warning 'PostGIS is available, but this login may not create it: deployed without it'
      using hint = 'As a superuser: CREATE EXTENSION postgis WITH SCHEMA postgis;';
end
$$;
