-- Dashboards and their widgets.

create table metadata.widget_types (
  widget_type varchar(50) constraint widget_types_pkey primary key,
  display_name text not null,
  description text,
  config_schema jsonb,
  icon_name varchar(50),
  is_active boolean default true,
  created_at timestamptz default now()
);

create table metadata.dashboards (
  id serial constraint dashboards_pkey primary key,
  display_name varchar(100) not null,
  description text,
  is_default boolean default false,
  is_public boolean default true,
  sort_order integer default 0,
  created_by uuid constraint dashboards_created_by_fkey references metadata.civic_os_users (id) on delete set null,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
create unique index idx_dashboards_single_default on metadata.dashboards (is_default) where is_default = true;

create table metadata.dashboard_widgets (
  id serial constraint dashboard_widgets_pkey primary key,
  dashboard_id integer not null
    constraint dashboard_widgets_dashboard_id_fkey references metadata.dashboards (id) on delete cascade,
  widget_type varchar(50) not null
    constraint dashboard_widgets_widget_type_fkey references metadata.widget_types (widget_type),
  title text,
  entity_key name,
  refresh_interval_seconds integer,
  sort_order integer default 0,
  width integer default 1,
  height integer default 1,
  config jsonb not null default '{}',
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  constraint valid_width check (width >= 1 and width <= 2),
  constraint valid_height check (height >= 1 and height <= 3),
  constraint valid_refresh_interval check (refresh_interval_seconds is null or refresh_interval_seconds >= 0)
);
create index idx_widgets_dashboard_id on metadata.dashboard_widgets (dashboard_id, sort_order);
create index idx_widgets_entity_key on metadata.dashboard_widgets (entity_key) where entity_key is not null;
create index idx_widgets_config on metadata.dashboard_widgets using gin (config);

create table metadata.user_dashboard_preferences (
  user_id uuid
    constraint user_dashboard_preferences_pkey primary key
    constraint user_dashboard_preferences_user_id_fkey references metadata.civic_os_users (id) on delete cascade,
  default_dashboard_id integer
    constraint user_dashboard_preferences_default_dashboard_id_fkey
    references metadata.dashboards (id) on delete set null,
  updated_at timestamptz default now()
);

create trigger set_created_at_trigger
  before insert on metadata.dashboards
  for each row execute function public.set_created_at();
create trigger set_updated_at_trigger
  before insert or update on metadata.dashboards
  for each row execute function public.set_updated_at();
create trigger set_created_at_trigger
  before insert on metadata.dashboard_widgets
  for each row execute function public.set_created_at();
create trigger set_updated_at_trigger
  before insert or update on metadata.dashboard_widgets
  for each row execute function public.set_updated_at();
create trigger set_updated_at_trigger
  before insert or update on metadata.user_dashboard_preferences
  for each row execute function public.set_updated_at();

alter table metadata.dashboards enable row level security;
create policy "Everyone can read public dashboards" on metadata.dashboards
  for select using (is_public = true);
create policy "Users can read own private dashboards" on metadata.dashboards
  for select to authenticated using (created_by = public.current_user_id());
create policy "Admins can insert dashboards" on metadata.dashboards
  for insert to authenticated with check (public.is_admin());
create policy "Admins can update dashboards" on metadata.dashboards
  for update to authenticated using (public.is_admin()) with check (public.is_admin());
create policy "Admins can delete dashboards" on metadata.dashboards
  for delete to authenticated using (public.is_admin());

alter table metadata.dashboard_widgets enable row level security;
create policy "Everyone can read public dashboard widgets" on metadata.dashboard_widgets
  for select using (dashboard_id in (select dashboards.id from metadata.dashboards where dashboards.is_public = true));
create policy "Users can read own dashboard widgets" on metadata.dashboard_widgets
  for select to authenticated
  using (
    dashboard_id in (
      select dashboards.id from metadata.dashboards where dashboards.created_by = public.current_user_id()
    )
  );
create policy "Admins can manage widgets" on metadata.dashboard_widgets
  for all to authenticated using (public.is_admin()) with check (public.is_admin());

alter table metadata.user_dashboard_preferences enable row level security;
create policy "Users can manage own preferences" on metadata.user_dashboard_preferences
  for all to authenticated
  using (user_id = public.current_user_id()) with check (user_id = public.current_user_id());

grant select on metadata.widget_types, metadata.dashboards, metadata.dashboard_widgets to web_anon, authenticated;
grant insert, update, delete on metadata.dashboards, metadata.dashboard_widgets to authenticated;
grant select, insert, update on metadata.user_dashboard_preferences to authenticated;
grant select, usage on sequence metadata.dashboards_id_seq, metadata.dashboard_widgets_id_seq to authenticated;

create function public.get_dashboards()
returns table (
  id integer,
  display_name varchar,
  description text,
  is_default boolean,
  is_public boolean,
  sort_order integer,
  created_by uuid,
  created_at timestamptz,
  updated_at timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, public
as $$
begin
  return query
    select
      d.id, d.display_name, d.description, d.is_default, d.is_public, d.sort_order, d.created_by, d.created_at,
      d.updated_at
    from metadata.dashboards d
    where d.is_public = true or d.created_by = public.current_user_id()
    order by d.sort_order, d.display_name;
end
$$;

-- NULL when the dashboard does not exist or is not the caller's to see.
create function public.get_dashboard(p_dashboard_id integer)
returns json
language plpgsql
stable
security definer
set search_path = pg_catalog, public
as $$
begin
  return (
    select json_build_object(
      'id', d.id,
      'display_name', d.display_name,
      'description', d.description,
      'is_default', d.is_default,
      'is_public', d.is_public,
      'sort_order', d.sort_order,
      'created_by', d.created_by,
      'created_at', d.created_at,
      'updated_at', d.updated_at,
      'widgets', coalesce(
        (
          select json_agg(row_to_json(w) order by w.sort_order, w.id)
          from metadata.dashboard_widgets w
          where w.dashboard_id = d.id
        ),
        '[]'::json
      )
    )
    from metadata.dashboards d
    where d.id = p_dashboard_id
      and (d.is_public = true or d.created_by = public.current_user_id())
  );
end
$$;

-- The caller's choice if there is one, else the public default. Volatile as in 0.15.
create function public.get_user_default_dashboard()
returns integer
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  return coalesce(
    (
      select p.default_dashboard_id
      from metadata.user_dashboard_preferences p
      where p.user_id = public.current_user_id()
    ),
    (select d.id from metadata.dashboards d where d.is_default = true and d.is_public = true)
  );
end
$$;

grant execute on function
  public.get_dashboards(),
  public.get_dashboard(integer),
  public.get_user_default_dashboard()
to web_anon, authenticated;

insert into metadata.widget_types (widget_type, display_name, description, icon_name)
values
  ('markdown', 'Markdown Content', 'A text with headings, lists and links', 'article'),
  ('filtered_list', 'Filtered Entity List', 'Records of one table that match a filter', 'list'),
  ('stat_card', 'Statistic Card', 'One number with a caption', 'analytics'),
  ('query_result', 'Query Result', 'Rows of a prepared query', 'table_view'),
  ('map', 'Geographic Map', 'Records with a location on a map', 'map'),
  ('dashboard_navigation', 'Navigation', 'Links to the previous, the next and other dashboards', 'navigation'),
  ('calendar', 'Calendar', 'Records with a period in a calendar', 'calendar_month');

-- Applications find this dashboard by name and by being the default, and its widget by position.
with welcome as (
  insert into metadata.dashboards (display_name, description, is_default, is_public, sort_order)
  values ('Welcome', 'The first page', true, true, 0)
  returning id
)
insert into metadata.dashboard_widgets (dashboard_id, widget_type, sort_order, width, height, config)
select
  id, 'markdown', 0, 2, 1,
  jsonb_build_object(
    'enableHtml', false,
    'content', $markdown$# Welcome

Everything in this application comes from its database: each table you may see is a page in the menu, with a list,
forms and details made from its columns.

- **Choose a table** in the menu to browse, search and filter its records.
- **Sign in** to do what your role allows, such as adding or changing records.
- **Administrators** arrange the menu, labels, permissions and dashboards, this page included.
$markdown$
  )
from welcome;
