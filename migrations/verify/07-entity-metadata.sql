-- What 07-entity-metadata makes.
select pg_temp.expect($facts$
{
 "categories": {
  "columns": {
   "metadata.constraint_messages.column_name": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"name"},
   "metadata.constraint_messages.constraint_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"name"},
   "metadata.constraint_messages.error_message": {"default":null,"generated":null,"identity":null,"not_null":true,"position":5,"type":"text"},
   "metadata.constraint_messages.id": {"default":"nextval('metadata.constraint_messages_id_seq'::regclass)","generated":null,"identity":null,"not_null":true,"position":1,"type":"integer"},
   "metadata.constraint_messages.table_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"name"},
   "metadata.constraint_messages.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":6,"type":"timestamp with time zone"},
   "metadata.entities.calendar_color_property": {"default":null,"generated":null,"identity":null,"not_null":false,"position":11,"type":"character varying(63)"},
   "metadata.entities.calendar_property_name": {"default":null,"generated":null,"identity":null,"not_null":false,"position":10,"type":"character varying(63)"},
   "metadata.entities.description": {"default":null,"generated":null,"identity":null,"not_null":false,"position":3,"type":"text"},
   "metadata.entities.display_name": {"default":null,"generated":null,"identity":null,"not_null":false,"position":2,"type":"text"},
   "metadata.entities.form_mode": {"default":null,"generated":null,"identity":null,"not_null":false,"position":15,"type":"text"},
   "metadata.entities.map_property_name": {"default":null,"generated":null,"identity":null,"not_null":false,"position":7,"type":"text"},
   "metadata.entities.payment_capture_mode": {"default":"'immediate'::character varying","generated":null,"identity":null,"not_null":false,"position":13,"type":"character varying(20)"},
   "metadata.entities.payment_initiation_rpc": {"default":null,"generated":null,"identity":null,"not_null":false,"position":12,"type":"character varying(255)"},
   "metadata.entities.plural_name": {"default":null,"generated":null,"identity":null,"not_null":false,"position":14,"type":"text"},
   "metadata.entities.search_fields": {"default":null,"generated":null,"identity":null,"not_null":false,"position":5,"type":"text[]"},
   "metadata.entities.show_calendar": {"default":"false","generated":null,"identity":null,"not_null":true,"position":9,"type":"boolean"},
   "metadata.entities.show_map": {"default":"false","generated":null,"identity":null,"not_null":false,"position":6,"type":"boolean"},
   "metadata.entities.sort_order": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"integer"},
   "metadata.entities.table_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"name"},
   "metadata.entities.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":8,"type":"timestamp with time zone"},
   "metadata.properties.column_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"name"},
   "metadata.properties.column_width": {"default":null,"generated":null,"identity":null,"not_null":false,"position":6,"type":"integer"},
   "metadata.properties.description": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"text"},
   "metadata.properties.display_name": {"default":null,"generated":null,"identity":null,"not_null":false,"position":3,"type":"text"},
   "metadata.properties.filterable": {"default":"false","generated":null,"identity":null,"not_null":false,"position":8,"type":"boolean"},
   "metadata.properties.form_group": {"default":null,"generated":null,"identity":null,"not_null":false,"position":15,"type":"text"},
   "metadata.properties.show_on_create": {"default":"true","generated":null,"identity":null,"not_null":false,"position":10,"type":"boolean"},
   "metadata.properties.show_on_detail": {"default":"true","generated":null,"identity":null,"not_null":false,"position":12,"type":"boolean"},
   "metadata.properties.show_on_edit": {"default":"true","generated":null,"identity":null,"not_null":false,"position":11,"type":"boolean"},
   "metadata.properties.show_on_list": {"default":"true","generated":null,"identity":null,"not_null":false,"position":9,"type":"boolean"},
   "metadata.properties.sort_order": {"default":null,"generated":null,"identity":null,"not_null":false,"position":5,"type":"integer"},
   "metadata.properties.sortable": {"default":"true","generated":null,"identity":null,"not_null":false,"position":7,"type":"boolean"},
   "metadata.properties.status_entity_type": {"default":null,"generated":null,"identity":null,"not_null":false,"position":14,"type":"text"},
   "metadata.properties.table_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"name"},
   "metadata.properties.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":13,"type":"timestamp with time zone"},
   "metadata.validations.column_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"name"},
   "metadata.validations.error_message": {"default":null,"generated":null,"identity":null,"not_null":true,"position":6,"type":"text"},
   "metadata.validations.id": {"default":"nextval('metadata.validations_id_seq'::regclass)","generated":null,"identity":null,"not_null":true,"position":1,"type":"integer"},
   "metadata.validations.sort_order": {"default":"0","generated":null,"identity":null,"not_null":false,"position":7,"type":"integer"},
   "metadata.validations.table_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"name"},
   "metadata.validations.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":8,"type":"timestamp with time zone"},
   "metadata.validations.validation_type": {"default":null,"generated":null,"identity":null,"not_null":true,"position":4,"type":"text"},
   "metadata.validations.validation_value": {"default":null,"generated":null,"identity":null,"not_null":false,"position":5,"type":"text"}
  },
  "constraints": {
   "metadata.constraint_messages.constraint_messages_constraint_name_key": {"definition":"UNIQUE (constraint_name)","kind":"unique"},
   "metadata.constraint_messages.constraint_messages_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.entities.calendar_or_map_not_both": {"definition":"CHECK ((NOT ((show_calendar = true) AND (show_map = true))))","kind":"check"},
   "metadata.entities.entities_form_mode_check": {"definition":"CHECK ((form_mode = ANY (ARRAY['auto'::text, 'steps'::text, 'single'::text])))","kind":"check"},
   "metadata.entities.entities_payment_capture_mode_check": {"definition":"CHECK (((payment_capture_mode)::text = ANY (ARRAY['immediate'::text, 'deferred'::text])))","kind":"check"},
   "metadata.entities.entities_pkey": {"definition":"PRIMARY KEY (table_name)","kind":"primary key"},
   "metadata.properties.properties_pkey": {"definition":"PRIMARY KEY (table_name, column_name)","kind":"primary key"},
   "metadata.validations.validations_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.validations.validations_table_name_column_name_validation_type_key": {"definition":"UNIQUE (table_name, column_name, validation_type)","kind":"unique"}
  },
  "function_bodies": {
   "public.update_entity_sort_order(name, integer)": {"hash":"5c4112a5a2fa26fcf98ea52c0c6138a6"},
   "public.update_property_sort_order(name, name, integer)": {"hash":"00fcea6f9bd9ce28520db053aee31485"},
   "public.upsert_entity_metadata(name, text, text, integer, text[], boolean, text, boolean, text, text)": {"hash":"324dddf03d69842fa16733a6051a0992"},
   "public.upsert_property_metadata(name, name, text, text, integer, integer, boolean, boolean, boolean, boolean, boolean, boolean)": {"hash":"79fada5b363768f8cee215e7bb5a7531"}
  },
  "function_grants": {
   "public.update_entity_sort_order(name, integer) TO authenticated": {"privileges":["EXECUTE"]},
   "public.update_property_sort_order(name, name, integer) TO authenticated": {"privileges":["EXECUTE"]},
   "public.upsert_entity_metadata(name, text, text, integer, text[], boolean, text, boolean, text, text) TO authenticated": {"privileges":["EXECUTE"]},
   "public.upsert_property_metadata(name, name, text, text, integer, integer, boolean, boolean, boolean, boolean, boolean, boolean) TO authenticated": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "public.update_entity_sort_order(name, integer)": {"arguments":[{"mode":"in","name":"p_table_name","type":"name","default":null},{"mode":"in","name":"p_sort_order","type":"integer","default":null}],"kind":"function","language":"plpgsql","returns":"void","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "public.update_property_sort_order(name, name, integer)": {"arguments":[{"mode":"in","name":"p_table_name","type":"name","default":null},{"mode":"in","name":"p_column_name","type":"name","default":null},{"mode":"in","name":"p_sort_order","type":"integer","default":null}],"kind":"function","language":"plpgsql","returns":"void","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "public.upsert_entity_metadata(name, text, text, integer, text[], boolean, text, boolean, text, text)": {"arguments":[{"mode":"in","name":"p_table_name","type":"name","default":null},{"mode":"in","name":"p_display_name","type":"text","default":null},{"mode":"in","name":"p_description","type":"text","default":null},{"mode":"in","name":"p_sort_order","type":"integer","default":null},{"mode":"in","name":"p_search_fields","type":"text[]","default":"NULL::text[]"},{"mode":"in","name":"p_show_map","type":"boolean","default":"false"},{"mode":"in","name":"p_map_property_name","type":"text","default":"NULL::text"},{"mode":"in","name":"p_show_calendar","type":"boolean","default":"false"},{"mode":"in","name":"p_calendar_property_name","type":"text","default":"NULL::text"},{"mode":"in","name":"p_calendar_color_property","type":"text","default":"NULL::text"}],"kind":"function","language":"plpgsql","returns":"void","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "public.upsert_property_metadata(name, name, text, text, integer, integer, boolean, boolean, boolean, boolean, boolean, boolean)": {"arguments":[{"mode":"in","name":"p_table_name","type":"name","default":null},{"mode":"in","name":"p_column_name","type":"name","default":null},{"mode":"in","name":"p_display_name","type":"text","default":null},{"mode":"in","name":"p_description","type":"text","default":null},{"mode":"in","name":"p_sort_order","type":"integer","default":null},{"mode":"in","name":"p_column_width","type":"integer","default":null},{"mode":"in","name":"p_sortable","type":"boolean","default":null},{"mode":"in","name":"p_filterable","type":"boolean","default":null},{"mode":"in","name":"p_show_on_list","type":"boolean","default":null},{"mode":"in","name":"p_show_on_create","type":"boolean","default":null},{"mode":"in","name":"p_show_on_edit","type":"boolean","default":null},{"mode":"in","name":"p_show_on_detail","type":"boolean","default":null}],"kind":"function","language":"plpgsql","returns":"void","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"}
  },
  "policies": {
   "metadata.entities.Admins can delete entities": {"command":"delete","permissive":true,"roles":["authenticated"],"using":"public.is_admin()","with_check":null},
   "metadata.entities.Admins can insert entities": {"command":"insert","permissive":true,"roles":["authenticated"],"using":null,"with_check":"public.is_admin()"},
   "metadata.entities.Admins can update entities": {"command":"update","permissive":true,"roles":["authenticated"],"using":"public.is_admin()","with_check":"public.is_admin()"},
   "metadata.entities.Everyone can read entities": {"command":"select","permissive":true,"roles":["public"],"using":"true","with_check":null}
  },
  "row_security": {
   "metadata.constraint_messages": {"enabled":false,"forced":false},
   "metadata.entities": {"enabled":true,"forced":false},
   "metadata.properties": {"enabled":false,"forced":false},
   "metadata.validations": {"enabled":false,"forced":false}
  },
  "sequences": {
   "metadata.constraint_messages_id_seq": {"increment":1,"owned_by":"metadata.constraint_messages.id","start":1,"type":"integer"},
   "metadata.validations_id_seq": {"increment":1,"owned_by":"metadata.validations.id","start":1,"type":"integer"}
  },
  "table_grants": {
   "metadata.constraint_messages TO authenticated": {"privileges":["SELECT"]},
   "metadata.constraint_messages TO web_anon": {"privileges":["SELECT"]},
   "metadata.entities TO authenticated": {"privileges":["INSERT","SELECT","UPDATE"]},
   "metadata.entities TO web_anon": {"privileges":["SELECT"]},
   "metadata.properties TO authenticated": {"privileges":["SELECT"]},
   "metadata.properties TO web_anon": {"privileges":["SELECT"]},
   "metadata.validations TO authenticated": {"privileges":["SELECT"]},
   "metadata.validations TO web_anon": {"privileges":["SELECT"]},
   "public.constraint_messages TO authenticated": {"privileges":["SELECT"]},
   "public.constraint_messages TO web_anon": {"privileges":["SELECT"]}
  },
  "tables": {
   "metadata.constraint_messages": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.entities": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.properties": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.validations": {"kind":"table","options":[],"persistence":"permanent"}
  },
  "triggers": {
   "metadata.constraint_messages.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null},
   "metadata.entities.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null},
   "metadata.properties.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null},
   "metadata.validations.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null}
  },
  "view_bodies": {
   "public.constraint_messages": {"hash":"9340ec6b20f7defa4c28bde436ca6a37"}
  },
  "view_columns": {
   "public.constraint_messages.column_name": {"position":3,"type":"name"},
   "public.constraint_messages.constraint_name": {"position":1,"type":"name"},
   "public.constraint_messages.error_message": {"position":4,"type":"text"},
   "public.constraint_messages.table_name": {"position":2,"type":"name"}
  },
  "views": {
   "public.constraint_messages": {"accepts":["insert","update","delete"],"kind":"view","security_barrier":false,"security_invoker":false}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
