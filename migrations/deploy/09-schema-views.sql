-- What the web client reads at start: tables, columns, relations, and a stamp that tells whether to read again.
--
-- The rows are those of the information schema's views, read from the catalogue itself: the information schema takes
-- seconds for a few hundred tables and hides relations from everybody but the owner.

-- One row per column of every foreign key, with the column it points to (D-27: exact, from the catalogue, composite
-- keys too). constraint_schema and constraint_name are those of the *referenced* key; a bare unique index stands in
-- for itself.
create function public.schema_relations_func()
returns table (
  src_schema name,
  src_table name,
  src_column name,
  constraint_schema name,
  constraint_name name,
  join_schema name,
  join_table name,
  join_column name
)
language sql
security definer
set search_path = pg_catalog, public
as $$
  select
    source_schema.nspname,
    source.relname,
    source_column.attname,
    target_schema.nspname,
    coalesce(target_key.conname, target_index.relname),
    target_schema.nspname,
    target.relname,
    target_column.attname
  from pg_catalog.pg_constraint fk
  cross join lateral unnest(fk.conkey, fk.confkey) with ordinality as pair (source_attnum, target_attnum, position)
  join pg_catalog.pg_class source on source.oid = fk.conrelid
  join pg_catalog.pg_namespace source_schema on source_schema.oid = source.relnamespace
  join pg_catalog.pg_attribute source_column
    on source_column.attrelid = fk.conrelid and source_column.attnum = pair.source_attnum
  join pg_catalog.pg_class target on target.oid = fk.confrelid
  join pg_catalog.pg_namespace target_schema on target_schema.oid = target.relnamespace
  join pg_catalog.pg_attribute target_column
    on target_column.attrelid = fk.confrelid and target_column.attnum = pair.target_attnum
  join pg_catalog.pg_class target_index on target_index.oid = fk.conindid
  left join pg_catalog.pg_constraint target_key
    on target_key.conrelid = fk.confrelid and target_key.conindid = fk.conindid and target_key.contype in ('p', 'u')
  where fk.contype = 'f'
    -- A key that references a partitioned table has a hidden twin per partition.
    and not exists (
      select from pg_catalog.pg_constraint parent where parent.oid = fk.conparentid and parent.conrelid = fk.conrelid
    )
  order by source_schema.nspname, source.relname, fk.conname, pair.position
$$;

grant execute on function public.schema_relations_func() to web_anon, authenticated;

-- Tables of `public` on which the calling role holds any privilege, in menu order. insert/select/update/delete say what
-- the permission tables grant the caller; table grants and row security are another matter.
create view public.schema_entities
as
with granted as (
  select
    p.table_name,
    bool_or(p.permission = 'create') as can_create,
    bool_or(p.permission = 'read') as can_read,
    bool_or(p.permission = 'update') as can_update,
    bool_or(p.permission = 'delete') as can_delete
  from metadata.permissions p
  join metadata.permission_roles pr on pr.permission_id = p.id
  join metadata.roles r on r.id = pr.role_id
  where r.display_name = any ((select public.get_user_roles())::text[])
  group by p.table_name
)
select
  coalesce(e.display_name, c.relname::text collate "default") as display_name,
  coalesce(e.sort_order, 0) as sort_order,
  e.description,
  e.search_fields,
  coalesce(e.show_map, false) as show_map,
  e.map_property_name,
  c.relname::information_schema.sql_identifier as table_name,
  coalesce(g.can_create, false) as insert,
  coalesce(g.can_read, false) as select,
  coalesce(g.can_update, false) as update,
  coalesce(g.can_delete, false) as delete,
  coalesce(e.show_calendar, false) as show_calendar,
  e.calendar_property_name,
  e.calendar_color_property,
  e.payment_initiation_rpc,
  e.payment_capture_mode,
  e.plural_name,
  e.form_mode
from pg_catalog.pg_class c
left join metadata.entities e on e.table_name = c.relname
left join granted g on g.table_name = c.relname
where c.relnamespace = 'public'::regnamespace
  and c.relkind in ('r', 'p')
  and (
    pg_has_role(c.relowner, 'usage')
    or has_table_privilege(c.oid, 'select, insert, update, delete, truncate, references, trigger')
    or has_any_column_privilege(c.oid, 'select, insert, update, references')
  )
order by coalesce(e.sort_order, 0), c.relname;

grant select on public.schema_entities to web_anon, authenticated;

-- Columns visible to the caller; one row more for each further relation of the same column.
create view public.schema_properties
with (security_invoker = true)
as
with rules as (
  select
    v.table_name,
    v.column_name,
    jsonb_agg(
      jsonb_build_object('type', v.validation_type, 'value', v.validation_value, 'message', v.error_message)
      order by v.sort_order, v.id
    ) as validation_rules
  from metadata.validations v
  group by v.table_name, v.column_name
)
select
  current_database()::information_schema.sql_identifier as table_catalog,
  'public'::information_schema.sql_identifier as table_schema,
  c.relname::information_schema.sql_identifier as table_name,
  a.attname::information_schema.sql_identifier as column_name,
  -- Names have the collation C, which knows capitals of ASCII only.
  coalesce(p.display_name, initcap(replace(a.attname::text collate "default", '_', ' '))) as display_name,
  p.description,
  coalesce(p.sort_order, a.attnum::integer) as sort_order,
  p.column_width,
  coalesce(p.sortable, true) as sortable,
  coalesce(p.filterable, false) as filterable,
  coalesce(p.show_on_list, a.attname not in ('id', 'civic_os_text_search', 'created_at', 'updated_at')) as show_on_list,
  coalesce(p.show_on_create, a.attname not in ('id', 'civic_os_text_search', 'created_at', 'updated_at'))
    as show_on_create,
  coalesce(p.show_on_edit, a.attname not in ('id', 'civic_os_text_search', 'created_at', 'updated_at')) as show_on_edit,
  coalesce(p.show_on_detail, a.attname not in ('id', 'civic_os_text_search')) as show_on_detail,
  (case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end)::information_schema.character_data
    as column_default,
  not (a.attnotnull or (t.typtype = 'd' and t.typnotnull)) as is_nullable,
  (
    case
      when base.typelem <> 0 and base.typlen = -1 then 'ARRAY'
      when base.typnamespace = 'pg_catalog'::regnamespace then format_type(base.oid, null)
      else 'USER-DEFINED'
    end
  )::information_schema.character_data as data_type,
  (
    case
      when base.oid in ('varchar'::regtype, 'bpchar'::regtype) and modifier.typmod <> -1 then modifier.typmod - 4
      when base.oid in ('bit'::regtype, 'varbit'::regtype) and modifier.typmod <> -1 then modifier.typmod
    end
  )::information_schema.cardinal_number as character_maximum_length,
  base_schema.nspname::information_schema.sql_identifier as udt_schema,
  t.typname as udt_name,
  false as is_self_referencing,
  a.attidentity <> '' as is_identity,
  a.attgenerated <> '' as is_generated,
  true as is_updatable,
  r.join_schema,
  r.join_table,
  r.join_column,
  case
    when t.typname in ('geography', 'geometry') then substring(format_type(a.atttypid, a.atttypmod) from '\((\w+)')
  end as geography_type,
  coalesce(v.validation_rules, '[]'::jsonb) as validation_rules,
  p.status_entity_type,
  p.form_group
from pg_catalog.pg_class c
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type t on t.oid = a.atttypid
join pg_catalog.pg_type base on base.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
join pg_catalog.pg_namespace base_schema on base_schema.oid = base.typnamespace
cross join lateral (select case when t.typtype = 'd' then t.typtypmod else a.atttypmod end) as modifier (typmod)
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join metadata.properties p on p.table_name = c.relname and p.column_name = a.attname
-- Per column through the index on conrelid: as one set, the planner takes it for a single row and scans it per column.
left join lateral (
  select
    target_schema.nspname as join_schema,
    target.relname as join_table,
    target_column.attname as join_column
  from pg_catalog.pg_constraint fk
  join pg_catalog.pg_class target on target.oid = fk.confrelid
  join pg_catalog.pg_namespace target_schema on target_schema.oid = target.relnamespace
  join pg_catalog.pg_attribute target_column
    on target_column.attrelid = fk.confrelid
    and target_column.attnum = fk.confkey[array_position(fk.conkey, a.attnum)]
  where fk.conrelid = a.attrelid
    and fk.contype = 'f'
    and a.attnum = any (fk.conkey)
    -- A key that references a partitioned table has a hidden twin per partition.
    and not exists (
      select from pg_catalog.pg_constraint parent where parent.oid = fk.conparentid and parent.conrelid = fk.conrelid
    )
) r on true
left join rules v on v.table_name = c.relname and v.column_name = a.attname
where c.relnamespace = 'public'::regnamespace
  and c.relkind in ('r', 'p')
  and (
    pg_has_role(c.relowner, 'usage')
    or has_column_privilege(c.oid, a.attnum, 'select, insert, update, references')
  );

grant select on public.schema_properties to web_anon, authenticated;

-- The web client compares `version` as an opaque text before each page and reads again what changed (D-07: 0.15 shows
-- only `last_updated` and has no row `properties`). The number of rows is part of it, so that a deletion shows; rights
-- belong to `entities` because schema_entities carries them. Every column is named and cast: a dump that is restored
-- prints the same definition.
create view public.schema_cache_versions
as
with part as (
  select 'entities'::text as name, max(updated_at) as last_updated, count(*) as row_count from metadata.entities
  union all select 'properties'::text as name, max(updated_at) as last_updated, count(*) as row_count from metadata.properties
  union all select 'validations'::text as name, max(updated_at) as last_updated, count(*) as row_count from metadata.validations
  union all select 'constraint_messages'::text as name, max(updated_at) as last_updated, count(*) as row_count from metadata.constraint_messages
  union all select 'statuses'::text as name, max(updated_at) as last_updated, count(*) as row_count from metadata.statuses
  union all select 'status_types'::text as name, max(updated_at) as last_updated, count(*) as row_count from metadata.status_types
  union all select 'permissions'::text as name, max(updated_at) as last_updated, count(*) as row_count from metadata.permissions
  union all select 'permission_roles'::text as name, max(updated_at) as last_updated, count(*) as row_count from metadata.permission_roles
),
cache (position, cache_name, stamped, versioned) as (
  values
    (
      1, 'entities',
      array['entities', 'properties', 'validations'],
      array['entities', 'properties', 'validations', 'permissions', 'permission_roles']
    ),
    (2, 'properties', array['properties', 'validations'], array['properties', 'validations']),
    (3, 'constraint_messages', array['constraint_messages'], array['constraint_messages']),
    (4, 'statuses', array['statuses', 'status_types'], array['statuses', 'status_types'])
)
select
  c.cache_name,
  coalesce(
    max(p.last_updated) filter (where p.name = any (c.stamped)), '1970-01-01 00:00:00+00'::timestamptz
  ) as last_updated,
  coalesce(extract(epoch from max(p.last_updated)) * 1000000, 0)::bigint::text || '.' || sum(p.row_count) as version
from cache c
join part p on p.name = any (c.versioned)
group by c.position, c.cache_name
order by c.position;

grant select on public.schema_cache_versions to web_anon, authenticated;
