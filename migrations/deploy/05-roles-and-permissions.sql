-- Application roles, what they may do, and the functions of the permissions page.

create type metadata.permission as enum ('create', 'read', 'update', 'delete');

-- `display_name` is matched with the token's role names, case-sensitively.
create table metadata.roles (
  id smallserial constraint roles_pkey primary key,
  display_name text not null,
  description text,
  updated_at timestamptz default now()
);

-- `table_name` need not be a table: views and free names may be registered.
create table metadata.permissions (
  id serial constraint permissions_pkey primary key,
  table_name name not null,
  permission metadata.permission not null,
  updated_at timestamptz default now(),
  constraint permissions_table_name_permission_key unique (table_name, permission)
);

create table metadata.permission_roles (
  permission_id integer not null constraint permission_roles_permission_id_fkey references metadata.permissions (id),
  role_id smallint not null constraint permission_roles_role_id_fkey references metadata.roles (id),
  updated_at timestamptz default now(),
  constraint permission_roles_pkey primary key (permission_id, role_id)
);

create trigger set_updated_at_trigger
  before insert or update on metadata.roles
  for each row execute function public.set_updated_at();
create trigger set_updated_at_trigger
  before insert or update on metadata.permissions
  for each row execute function public.set_updated_at();
create trigger set_updated_at_trigger
  before insert or update on metadata.permission_roles
  for each row execute function public.set_updated_at();

alter table metadata.roles enable row level security;
create policy "Everyone can read roles" on metadata.roles
  for select using (true);
create policy "Admins can insert roles" on metadata.roles
  for insert to authenticated with check (public.is_admin());
create policy "Admins can update roles" on metadata.roles
  for update to authenticated using (public.is_admin()) with check (public.is_admin());
create policy "Admins can delete roles" on metadata.roles
  for delete to authenticated using (public.is_admin());

-- Writing goes through the functions below; there are no table privileges for it.
grant select on metadata.roles, metadata.permissions, metadata.permission_roles to web_anon, authenticated;

-- Unknown tables and words are false, never an error. Admins have no bypass.
create function public.has_permission(p_table_name text, p_permission text)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, public
as $$
declare
  v_roles text[] := public.get_user_roles();
begin
  return exists (
    select
    from metadata.permissions p
    join metadata.permission_roles pr on pr.permission_id = p.id
    join metadata.roles r on r.id = pr.role_id
    where p.table_name = p_table_name
      and p.permission::text = p_permission
      and r.display_name = any (v_roles)
  );
end
$$;

create function public.get_roles()
returns table (id smallint, display_name text, description text)
language plpgsql
stable
security definer
set search_path = pg_catalog, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Admin access required';
  end if;
  return query
    select r.id, r.display_name, r.description
    from metadata.roles r
    order by r.id;
end
$$;

-- Every combination of role and permission, held or not.
create function public.get_role_permissions(p_role_id smallint default null)
returns table (role_id smallint, role_name text, table_name text, permission_type text, has_permission boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Admin access required';
  end if;
  return query
    select
      r.id,
      r.display_name,
      p.table_name::text,
      p.permission::text,
      exists (select from metadata.permission_roles pr where pr.permission_id = p.id and pr.role_id = r.id)
    from metadata.roles r
    cross join metadata.permissions p
    where p_role_id is null or r.id = p_role_id
    order by r.id, p.table_name, p.permission;
end
$$;

create function public.set_role_permission(p_role_id smallint, p_table_name text, p_permission text, p_enabled boolean)
returns json
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
declare
  v_permission_id integer;
begin
  if not public.is_admin() then
    return json_build_object('success', false, 'error', 'Admin access required');
  end if;

  select p.id
  into v_permission_id
  from metadata.permissions p
  where p.table_name = p_table_name and p.permission::text = p_permission;
  if not found then
    return json_build_object('success', false, 'error', 'Permission not found');
  end if;

  if p_enabled then
    insert into metadata.permission_roles (permission_id, role_id)
    values (v_permission_id, p_role_id)
    on conflict on constraint permission_roles_pkey do nothing;
  else
    delete from metadata.permission_roles pr
    where pr.permission_id = v_permission_id and pr.role_id = p_role_id;
  end if;
  return json_build_object('success', true);
end
$$;

-- The name is not unique in the table (tokens may bring any); this function is what prevents duplicates.
create function public.create_role(p_display_name text, p_description text default null)
returns json
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
declare
  v_role_id smallint;
begin
  if not public.is_admin() then
    return json_build_object('success', false, 'error', 'Admin access required');
  end if;
  if coalesce(trim(p_display_name), '') = '' then
    return json_build_object('success', false, 'error', 'Role name cannot be empty');
  end if;
  if exists (select from metadata.roles r where r.display_name = trim(p_display_name)) then
    return json_build_object('success', false, 'error', 'Role with this name already exists');
  end if;

  insert into metadata.roles (display_name, description)
  values (trim(p_display_name), trim(p_description))
  returning id into v_role_id;
  return json_build_object('success', true, 'role_id', v_role_id);
end
$$;

grant execute on function public.has_permission(text, text) to web_anon, authenticated;

-- W7 (D-03): functions for signed-in people lose PostgreSQL's default EXECUTE for everybody.
revoke execute on function
  public.get_roles(),
  public.get_role_permissions(smallint),
  public.set_role_permission(smallint, text, text, boolean),
  public.create_role(text, text)
from public;
grant execute on function
  public.get_roles(),
  public.get_role_permissions(smallint),
  public.set_role_permission(smallint, text, text, boolean),
  public.create_role(text, text)
to authenticated;

-- One statement each: identifiers follow this order, and applications look roles up by name.
insert into metadata.roles (display_name, description)
values
  ('anonymous', 'Visitors who are not signed in'),
  ('user', 'Everybody with an account'),
  ('editor', 'Staff who work on records'),
  ('admin', 'Administrators of the application');

insert into metadata.permissions (table_name, permission)
select t, p
from unnest(array['roles', 'permissions', 'permission_roles']) with ordinality as tables (t, i)
cross join unnest(enum_range(null::metadata.permission)) as p
order by i, p;
insert into metadata.permissions (table_name, permission)
values
  ('civic_os_users_private', 'read'),
  ('payment_transactions', 'read'),
  ('payment_refunds', 'read'),
  ('payment_refunds', 'create');

insert into metadata.permission_roles (permission_id, role_id)
select p.id, r.id
from metadata.permissions p
cross join metadata.roles r
where r.display_name = 'admin'
  or (r.display_name = 'editor' and p.table_name = 'civic_os_users_private');
