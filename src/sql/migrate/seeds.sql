-- Purpose: rows that applications count on, in the form of facts.sql; free prose is left out.
-- No parameters. Called by: migrate::interface, on a database with the whole core.
select 'seed_roles' as category, r.display_name as key, jsonb_build_object('id', r.id) as record
from metadata.roles r

union all
select 'seed_permissions', p.table_name || ' / ' || p.permission, '{}'
from metadata.permissions p

union all
select 'seed_permission_roles', p.table_name || ' / ' || p.permission || ' / ' || r.display_name, '{}'
from metadata.permission_roles pr
join metadata.permissions p on p.id = pr.permission_id
join metadata.roles r on r.id = pr.role_id

union all
select 'seed_entities', e.table_name::text, to_jsonb(e) - 'updated_at' - 'description' - 'table_name'
from metadata.entities e

union all
select
  'seed_properties',
  p.table_name || ' / ' || p.column_name,
  to_jsonb(p) - 'updated_at' - 'description' - 'table_name' - 'column_name'
from metadata.properties p

union all
select
  'seed_validations',
  v.table_name || ' / ' || v.column_name || ' / ' || v.validation_type,
  jsonb_build_object('validation_value', v.validation_value, 'sort_order', v.sort_order)
from metadata.validations v

union all
select
  'seed_constraint_messages',
  m.constraint_name::text,
  jsonb_build_object('table_name', m.table_name, 'column_name', m.column_name)
from metadata.constraint_messages m

union all
select
  'seed_widget_types',
  w.widget_type,
  jsonb_build_object(
    'display_name', w.display_name, 'icon_name', w.icon_name, 'is_active', w.is_active, 'config_schema', w.config_schema
  )
from metadata.widget_types w

union all
select
  'seed_dashboards',
  d.display_name,
  jsonb_build_object(
    'id', d.id, 'is_default', d.is_default, 'is_public', d.is_public, 'sort_order', d.sort_order,
    'created_by', d.created_by
  )
from metadata.dashboards d

union all
select
  'seed_dashboard_widgets',
  d.display_name || ' / ' || w.sort_order || ' / ' || w.widget_type,
  jsonb_build_object(
    'title', w.title,
    'entity_key', w.entity_key,
    'refresh_interval_seconds', w.refresh_interval_seconds,
    'width', w.width,
    'height', w.height,
    'config_keys', (select jsonb_agg(k order by k) from jsonb_object_keys(w.config) k)
  )
from metadata.dashboard_widgets w
join metadata.dashboards d on d.id = w.dashboard_id

union all
select
  'seed_notification_templates',
  t.name,
  jsonb_build_object(
    'entity_type', t.entity_type,
    'has_sms', t.sms_template is not null,
    'placeholders', (
      select jsonb_agg(distinct btrim(m[1], ' -') collate "C" order by btrim(m[1], ' -') collate "C")
      from regexp_matches(
        concat_ws(' ', t.subject_template, t.html_template, t.text_template, t.sms_template),
        '\{\{([^{}]*)\}\}',
        'g'
      ) m
    )
  )
from metadata.notification_templates t

union all
select 'seed_status_types', t.entity_type, '{}'
from metadata.status_types t

union all
select
  'seed_statuses',
  s.entity_type || ' / ' || s.display_name,
  jsonb_build_object(
    'color', s.color, 'sort_order', s.sort_order, 'is_initial', s.is_initial, 'is_terminal', s.is_terminal
  )
from metadata.statuses s

union all
select 'seed_river_migration', m.line || ' / ' || m.version, '{}'
from metadata.river_migration m
