-- What 09-schema-views makes.
select pg_temp.expect($facts$
{
 "categories": {
  "function_bodies": {
   "public.schema_relations_func()": {"hash":"5bf2cffb3875cfa42e471e7e3f3e8cbb"}
  },
  "function_grants": {
   "public.schema_relations_func() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.schema_relations_func() TO authenticated": {"privileges":["EXECUTE"]},
   "public.schema_relations_func() TO web_anon": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "public.schema_relations_func()": {"arguments":[],"kind":"function","language":"sql","returns":"TABLE(src_schema name, src_table name, src_column name, constraint_schema name, constraint_name name, join_schema name, join_table name, join_column name)","returns_columns":[{"name":"src_schema","type":"name"},{"name":"src_table","type":"name"},{"name":"src_column","type":"name"},{"name":"constraint_schema","type":"name"},{"name":"constraint_name","type":"name"},{"name":"join_schema","type":"name"},{"name":"join_table","type":"name"},{"name":"join_column","type":"name"}],"returns_set":true,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"}
  },
  "table_grants": {
   "public.schema_cache_versions TO authenticated": {"privileges":["SELECT"]},
   "public.schema_cache_versions TO web_anon": {"privileges":["SELECT"]},
   "public.schema_entities TO authenticated": {"privileges":["SELECT"]},
   "public.schema_entities TO web_anon": {"privileges":["SELECT"]},
   "public.schema_properties TO authenticated": {"privileges":["SELECT"]},
   "public.schema_properties TO web_anon": {"privileges":["SELECT"]}
  },
  "view_bodies": {
   "public.schema_cache_versions": {"hash":"dd6fd4698df7de7051c453b8c33949c5"},
   "public.schema_entities": {"hash":"8332cee85f57404dea9fd651c2770620"},
   "public.schema_properties": {"hash":"568bb5494284ef4871fc759c5ad7ab83"}
  },
  "view_columns": {
   "public.schema_cache_versions.cache_name": {"position":1,"type":"text"},
   "public.schema_cache_versions.last_updated": {"position":2,"type":"timestamp with time zone"},
   "public.schema_cache_versions.version": {"position":3,"type":"text"},
   "public.schema_entities.calendar_color_property": {"position":14,"type":"character varying(63)"},
   "public.schema_entities.calendar_property_name": {"position":13,"type":"character varying(63)"},
   "public.schema_entities.delete": {"position":11,"type":"boolean"},
   "public.schema_entities.description": {"position":3,"type":"text"},
   "public.schema_entities.display_name": {"position":1,"type":"text"},
   "public.schema_entities.form_mode": {"position":18,"type":"text"},
   "public.schema_entities.insert": {"position":8,"type":"boolean"},
   "public.schema_entities.map_property_name": {"position":6,"type":"text"},
   "public.schema_entities.payment_capture_mode": {"position":16,"type":"character varying(20)"},
   "public.schema_entities.payment_initiation_rpc": {"position":15,"type":"character varying(255)"},
   "public.schema_entities.plural_name": {"position":17,"type":"text"},
   "public.schema_entities.search_fields": {"position":4,"type":"text[]"},
   "public.schema_entities.select": {"position":9,"type":"boolean"},
   "public.schema_entities.show_calendar": {"position":12,"type":"boolean"},
   "public.schema_entities.show_map": {"position":5,"type":"boolean"},
   "public.schema_entities.sort_order": {"position":2,"type":"integer"},
   "public.schema_entities.table_name": {"position":7,"type":"information_schema.sql_identifier"},
   "public.schema_entities.update": {"position":10,"type":"boolean"},
   "public.schema_properties.character_maximum_length": {"position":18,"type":"information_schema.cardinal_number"},
   "public.schema_properties.column_default": {"position":15,"type":"information_schema.character_data"},
   "public.schema_properties.column_name": {"position":4,"type":"information_schema.sql_identifier"},
   "public.schema_properties.column_width": {"position":8,"type":"integer"},
   "public.schema_properties.data_type": {"position":17,"type":"information_schema.character_data"},
   "public.schema_properties.description": {"position":6,"type":"text"},
   "public.schema_properties.display_name": {"position":5,"type":"text"},
   "public.schema_properties.filterable": {"position":10,"type":"boolean"},
   "public.schema_properties.form_group": {"position":31,"type":"text"},
   "public.schema_properties.geography_type": {"position":28,"type":"text"},
   "public.schema_properties.is_generated": {"position":23,"type":"boolean"},
   "public.schema_properties.is_identity": {"position":22,"type":"boolean"},
   "public.schema_properties.is_nullable": {"position":16,"type":"boolean"},
   "public.schema_properties.is_self_referencing": {"position":21,"type":"boolean"},
   "public.schema_properties.is_updatable": {"position":24,"type":"boolean"},
   "public.schema_properties.join_column": {"position":27,"type":"name"},
   "public.schema_properties.join_schema": {"position":25,"type":"name"},
   "public.schema_properties.join_table": {"position":26,"type":"name"},
   "public.schema_properties.show_on_create": {"position":12,"type":"boolean"},
   "public.schema_properties.show_on_detail": {"position":14,"type":"boolean"},
   "public.schema_properties.show_on_edit": {"position":13,"type":"boolean"},
   "public.schema_properties.show_on_list": {"position":11,"type":"boolean"},
   "public.schema_properties.sort_order": {"position":7,"type":"integer"},
   "public.schema_properties.sortable": {"position":9,"type":"boolean"},
   "public.schema_properties.status_entity_type": {"position":30,"type":"text"},
   "public.schema_properties.table_catalog": {"position":1,"type":"information_schema.sql_identifier"},
   "public.schema_properties.table_name": {"position":3,"type":"information_schema.sql_identifier"},
   "public.schema_properties.table_schema": {"position":2,"type":"information_schema.sql_identifier"},
   "public.schema_properties.udt_name": {"position":20,"type":"name"},
   "public.schema_properties.udt_schema": {"position":19,"type":"information_schema.sql_identifier"},
   "public.schema_properties.validation_rules": {"position":29,"type":"jsonb"}
  },
  "views": {
   "public.schema_cache_versions": {"accepts":[],"kind":"view","security_barrier":false,"security_invoker":false},
   "public.schema_entities": {"accepts":[],"kind":"view","security_barrier":false,"security_invoker":false},
   "public.schema_properties": {"accepts":[],"kind":"view","security_barrier":false,"security_invoker":true}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
