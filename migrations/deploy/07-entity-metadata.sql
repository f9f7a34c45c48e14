-- How tables and columns appear in the web client: entities, properties, browser-side validations, and readable texts
-- for database constraints. No row is needed for a table to appear; rows override the defaults of schema_entities and
-- schema_properties.

create table metadata.entities (
  table_name name constraint entities_pkey primary key,
  display_name text,
  description text,
  sort_order integer,
  search_fields text[],
  show_map boolean default false,
  map_property_name text,
  updated_at timestamptz default now(),
  show_calendar boolean not null default false,
  calendar_property_name varchar(63),
  calendar_color_property varchar(63),
  payment_initiation_rpc varchar(255),
  payment_capture_mode varchar(20) default 'immediate'
    constraint entities_payment_capture_mode_check
    check (payment_capture_mode::text = any (array['immediate'::text, 'deferred'::text])),
  -- The next two are additions of this implementation (D-32); clients of 0.15 never see them.
  plural_name text,
  form_mode text constraint entities_form_mode_check check (form_mode in ('auto', 'steps', 'single')),
  constraint calendar_or_map_not_both check (not (show_calendar = true and show_map = true))
);

-- Flags default to true: a row inserted without naming them makes even a system column visible, unlike no row at all.
create table metadata.properties (
  table_name name not null,
  column_name name not null,
  display_name text,
  description text,
  sort_order integer,
  column_width integer,
  sortable boolean default true,
  filterable boolean default false,
  show_on_list boolean default true,
  show_on_create boolean default true,
  show_on_edit boolean default true,
  show_on_detail boolean default true,
  updated_at timestamptz default now(),
  status_entity_type text,
  -- Heading under which a form shows the field; an addition of this implementation (D-32).
  form_group text,
  constraint properties_pkey primary key (table_name, column_name)
);

-- Rules of the browser; the database does not enforce them.
create table metadata.validations (
  id serial constraint validations_pkey primary key,
  table_name name not null,
  column_name name not null,
  validation_type text not null,
  validation_value text,
  error_message text not null,
  sort_order integer default 0,
  updated_at timestamptz default now(),
  constraint validations_table_name_column_name_validation_type_key
    unique (table_name, column_name, validation_type)
);

create table metadata.constraint_messages (
  id serial constraint constraint_messages_pkey primary key,
  constraint_name name not null constraint constraint_messages_constraint_name_key unique,
  table_name name not null,
  column_name name,
  error_message text not null,
  updated_at timestamptz default now()
);

create trigger set_updated_at_trigger
  before insert or update on metadata.entities
  for each row execute function public.set_updated_at();
create trigger set_updated_at_trigger
  before insert or update on metadata.properties
  for each row execute function public.set_updated_at();
create trigger set_updated_at_trigger
  before insert or update on metadata.validations
  for each row execute function public.set_updated_at();
create trigger set_updated_at_trigger
  before insert or update on metadata.constraint_messages
  for each row execute function public.set_updated_at();

alter table metadata.entities enable row level security;
create policy "Everyone can read entities" on metadata.entities
  for select using (true);
create policy "Admins can insert entities" on metadata.entities
  for insert to authenticated with check (public.is_admin());
create policy "Admins can update entities" on metadata.entities
  for update to authenticated using (public.is_admin()) with check (public.is_admin());
create policy "Admins can delete entities" on metadata.entities
  for delete to authenticated using (public.is_admin());

grant select on metadata.entities, metadata.properties, metadata.validations, metadata.constraint_messages
  to web_anon, authenticated;
grant insert, update on metadata.entities to authenticated;

create view public.constraint_messages
as
select constraint_name, table_name, column_name, error_message
from metadata.constraint_messages;

grant select on public.constraint_messages to web_anon, authenticated;

-- The configuration pages -----------------------------------------------------------------------------------------

-- Overwrites every named column, NULL included; only NULL search fields keep what is stored.
create function public.upsert_entity_metadata(
  p_table_name name,
  p_display_name text,
  p_description text,
  p_sort_order integer,
  p_search_fields text[] default null,
  p_show_map boolean default false,
  p_map_property_name text default null,
  p_show_calendar boolean default false,
  p_calendar_property_name text default null,
  p_calendar_color_property text default null
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Admin access required';
  end if;
  insert into metadata.entities as e (
    table_name, display_name, description, sort_order, search_fields,
    show_map, map_property_name, show_calendar, calendar_property_name, calendar_color_property
  )
  values (
    p_table_name, p_display_name, p_description, p_sort_order, p_search_fields,
    p_show_map, p_map_property_name, p_show_calendar, p_calendar_property_name, p_calendar_color_property
  )
  on conflict (table_name) do update
    set display_name = excluded.display_name,
        description = excluded.description,
        sort_order = excluded.sort_order,
        search_fields = coalesce(excluded.search_fields, e.search_fields),
        show_map = excluded.show_map,
        map_property_name = excluded.map_property_name,
        show_calendar = excluded.show_calendar,
        calendar_property_name = excluded.calendar_property_name,
        calendar_color_property = excluded.calendar_color_property;
end
$$;

create function public.update_entity_sort_order(p_table_name name, p_sort_order integer)
returns void
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Admin access required';
  end if;
  insert into metadata.entities (table_name, sort_order)
  values (p_table_name, p_sort_order)
  on conflict (table_name) do update set sort_order = excluded.sort_order;
end
$$;

-- NULL show flags mean "use the computed default". `status_entity_type` is kept.
create function public.upsert_property_metadata(
  p_table_name name,
  p_column_name name,
  p_display_name text,
  p_description text,
  p_sort_order integer,
  p_column_width integer,
  p_sortable boolean,
  p_filterable boolean,
  p_show_on_list boolean,
  p_show_on_create boolean,
  p_show_on_edit boolean,
  p_show_on_detail boolean
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Admin access required';
  end if;
  insert into metadata.properties (
    table_name, column_name, display_name, description, sort_order, column_width,
    sortable, filterable, show_on_list, show_on_create, show_on_edit, show_on_detail
  )
  values (
    p_table_name, p_column_name, p_display_name, p_description, p_sort_order, p_column_width,
    p_sortable, p_filterable, p_show_on_list, p_show_on_create, p_show_on_edit, p_show_on_detail
  )
  on conflict (table_name, column_name) do update
    set display_name = excluded.display_name,
        description = excluded.description,
        sort_order = excluded.sort_order,
        column_width = excluded.column_width,
        sortable = excluded.sortable,
        filterable = excluded.filterable,
        show_on_list = excluded.show_on_list,
        show_on_create = excluded.show_on_create,
        show_on_edit = excluded.show_on_edit,
        show_on_detail = excluded.show_on_detail;
end
$$;

-- A new row gets the computed show flags, so that ordering columns does not reveal system columns.
create function public.update_property_sort_order(p_table_name name, p_column_name name, p_sort_order integer)
returns void
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
declare
  v_system boolean := p_column_name in ('id', 'civic_os_text_search', 'created_at', 'updated_at');
begin
  if not public.is_admin() then
    raise exception 'Admin access required';
  end if;
  insert into metadata.properties (
    table_name, column_name, sort_order, filterable, show_on_list, show_on_create, show_on_edit, show_on_detail
  )
  values (
    p_table_name, p_column_name, p_sort_order, false,
    not v_system, not v_system, not v_system, p_column_name not in ('id', 'civic_os_text_search')
  )
  on conflict (table_name, column_name) do update set sort_order = excluded.sort_order;
end
$$;

-- W7 (D-03)
revoke execute on function
  public.upsert_entity_metadata(name, text, text, integer, text[], boolean, text, boolean, text, text),
  public.update_entity_sort_order(name, integer),
  public.upsert_property_metadata(
    name, name, text, text, integer, integer, boolean, boolean, boolean, boolean, boolean, boolean
  ),
  public.update_property_sort_order(name, name, integer)
from public;
grant execute on function
  public.upsert_entity_metadata(name, text, text, integer, text[], boolean, text, boolean, text, text),
  public.update_entity_sort_order(name, integer),
  public.upsert_property_metadata(
    name, name, text, text, integer, integer, boolean, boolean, boolean, boolean, boolean, boolean
  ),
  public.update_property_sort_order(name, name, integer)
to authenticated;
