-- Additions of this implementation for its web client (D-32): personal settings and saved views.

create table metadata.user_settings (
  user_id uuid not null default public.current_user_id()
    references metadata.civic_os_users (id) on delete cascade,
  key text not null check (length(key) between 1 and 100),
  value jsonb not null,
  updated_at timestamptz not null default now(),
  primary key (user_id, key)
);

create table metadata.saved_views (
  id bigint generated always as identity primary key,
  user_id uuid not null default public.current_user_id()
    references metadata.civic_os_users (id) on delete cascade,
  entity name not null,
  name text not null check (length(trim(name)) between 1 and 100),
  -- The list page's query string: columns, filters, order.
  query text not null,
  shared boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (user_id, entity, name)
);
create index idx_saved_views_entity on metadata.saved_views (entity) where shared;

create trigger set_updated_at_trigger
  before insert or update on metadata.user_settings
  for each row execute function public.set_updated_at();
create trigger set_created_at_trigger
  before insert on metadata.saved_views
  for each row execute function public.set_created_at();
create trigger set_updated_at_trigger
  before insert or update on metadata.saved_views
  for each row execute function public.set_updated_at();

alter table metadata.user_settings enable row level security;
create policy "Users manage own settings" on metadata.user_settings
  for all to authenticated
  using (user_id = public.current_user_id()) with check (user_id = public.current_user_id());

alter table metadata.saved_views enable row level security;
create policy "Users manage own views" on metadata.saved_views
  for all to authenticated
  using (user_id = public.current_user_id()) with check (user_id = public.current_user_id());
create policy "Signed-in people see shared views" on metadata.saved_views
  for select to authenticated using (shared);
create policy "Admins can delete shared views" on metadata.saved_views
  for delete to authenticated using (shared and (select public.is_admin()));

grant select, insert, update, delete on metadata.user_settings, metadata.saved_views to authenticated;
