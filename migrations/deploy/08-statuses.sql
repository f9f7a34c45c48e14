-- Statuses: values of a workflow, grouped in categories. An integer column becomes a status column by a foreign key to
-- metadata.statuses and `metadata.properties.status_entity_type`.

create table metadata.status_types (
  entity_type text constraint status_types_pkey primary key,
  description text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- No seed row may use the sequence: applications count on the first status getting id 1.
create table metadata.statuses (
  id serial constraint statuses_pkey primary key,
  entity_type text not null
    constraint statuses_entity_type_fkey references metadata.status_types (entity_type) on delete cascade,
  display_name varchar(50) not null,
  description text,
  color public.hex_color default '#3B82F6',
  sort_order integer not null default 0,
  is_initial boolean not null default false,
  is_terminal boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint statuses_entity_type_display_name_key unique (entity_type, display_name)
);
create index idx_statuses_entity_type on metadata.statuses (entity_type);
create index idx_statuses_entity_sort on metadata.statuses (entity_type, sort_order);
create unique index idx_statuses_single_initial on metadata.statuses (entity_type) where is_initial = true;

create trigger set_status_types_updated_at
  before update on metadata.status_types
  for each row execute function public.set_updated_at();
create trigger set_statuses_updated_at
  before update on metadata.statuses
  for each row execute function public.set_updated_at();

alter table metadata.status_types enable row level security;
create policy status_types_select on metadata.status_types
  for select using (true);
create policy status_types_insert on metadata.status_types
  for insert to authenticated with check (public.is_admin());
create policy status_types_update on metadata.status_types
  for update to authenticated using (public.is_admin()) with check (public.is_admin());
create policy status_types_delete on metadata.status_types
  for delete to authenticated using (public.is_admin());

alter table metadata.statuses enable row level security;
create policy statuses_select on metadata.statuses
  for select using (true);
create policy statuses_insert on metadata.statuses
  for insert to authenticated with check (public.is_admin());
create policy statuses_update on metadata.statuses
  for update to authenticated using (public.is_admin()) with check (public.is_admin());
create policy statuses_delete on metadata.statuses
  for delete to authenticated using (public.is_admin());

grant select on metadata.status_types, metadata.statuses to web_anon, authenticated;
grant insert, update, delete on metadata.status_types, metadata.statuses to authenticated;
grant select, usage on sequence metadata.statuses_id_seq to authenticated;

-- What the web client embeds beside a status column.
create view public.statuses
as
select id, entity_type, display_name, description, color, sort_order, is_initial, is_terminal, created_at, updated_at
from metadata.statuses;

grant select on public.statuses to web_anon, authenticated;

-- Made for column defaults.
create function public.get_initial_status(p_entity_type text)
returns integer
language sql
stable
as $$
  select s.id from metadata.statuses s where s.entity_type = p_entity_type and s.is_initial = true
$$;

create function public.get_statuses_for_entity(p_entity_type text)
returns table (
  id integer,
  display_name varchar,
  description text,
  color public.hex_color,
  sort_order integer,
  is_initial boolean,
  is_terminal boolean
)
language sql
stable
as $$
  select s.id, s.display_name, s.description, s.color, s.sort_order, s.is_initial, s.is_terminal
  from metadata.statuses s
  where s.entity_type = p_entity_type
  order by s.sort_order, s.display_name
$$;

create function public.get_status_entity_types()
returns table (entity_type text, description text, status_count bigint)
language sql
stable
security definer
set search_path = pg_catalog, public
as $$
  select t.entity_type, t.description, count(s.id)
  from metadata.status_types t
  left join metadata.statuses s on s.entity_type = t.entity_type
  group by t.entity_type, t.description
  order by t.entity_type
$$;

-- Attached by applications, before insert or update per row: a status column accepts only statuses of its category.
create function public.validate_status_entity_type()
returns trigger
language plpgsql
as $$
declare
  v_column record;
  v_status_id integer;
  v_actual text;
begin
  for v_column in
    select p.column_name, p.status_entity_type
    from metadata.properties p
    where p.table_name = tg_table_name and p.status_entity_type is not null
  loop
    v_status_id := (to_jsonb(new) ->> v_column.column_name)::integer;
    continue when v_status_id is null;

    select s.entity_type into v_actual from metadata.statuses s where s.id = v_status_id;
    if v_actual is distinct from v_column.status_entity_type then
      raise exception 'Invalid status for column %: expected entity_type %, got %',
        v_column.column_name, v_column.status_entity_type, coalesce(v_actual, 'NULL (status not found)');
    end if;
  end loop;
  return new;
end
$$;

grant execute on function public.get_initial_status(text), public.get_statuses_for_entity(text)
  to web_anon, authenticated;
grant execute on function public.validate_status_entity_type() to authenticated;
revoke execute on function public.get_status_entity_types() from public;
grant execute on function public.get_status_entity_types() to authenticated;
