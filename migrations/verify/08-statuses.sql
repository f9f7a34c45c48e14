-- What 08-statuses makes.
select pg_temp.expect($facts$
{
 "categories": {
  "columns": {
   "metadata.status_types.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":3,"type":"timestamp with time zone"},
   "metadata.status_types.description": {"default":null,"generated":null,"identity":null,"not_null":false,"position":2,"type":"text"},
   "metadata.status_types.entity_type": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"text"},
   "metadata.status_types.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":4,"type":"timestamp with time zone"},
   "metadata.statuses.color": {"default":"'#3B82F6'::character varying","generated":null,"identity":null,"not_null":false,"position":5,"type":"public.hex_color"},
   "metadata.statuses.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":9,"type":"timestamp with time zone"},
   "metadata.statuses.description": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"text"},
   "metadata.statuses.display_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"character varying(50)"},
   "metadata.statuses.entity_type": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "metadata.statuses.id": {"default":"nextval('metadata.statuses_id_seq'::regclass)","generated":null,"identity":null,"not_null":true,"position":1,"type":"integer"},
   "metadata.statuses.is_initial": {"default":"false","generated":null,"identity":null,"not_null":true,"position":7,"type":"boolean"},
   "metadata.statuses.is_terminal": {"default":"false","generated":null,"identity":null,"not_null":true,"position":8,"type":"boolean"},
   "metadata.statuses.sort_order": {"default":"0","generated":null,"identity":null,"not_null":true,"position":6,"type":"integer"},
   "metadata.statuses.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":10,"type":"timestamp with time zone"}
  },
  "constraints": {
   "metadata.status_types.status_types_pkey": {"definition":"PRIMARY KEY (entity_type)","kind":"primary key"},
   "metadata.statuses.statuses_entity_type_display_name_key": {"definition":"UNIQUE (entity_type, display_name)","kind":"unique"},
   "metadata.statuses.statuses_entity_type_fkey": {"definition":"FOREIGN KEY (entity_type) REFERENCES metadata.status_types(entity_type) ON DELETE CASCADE","kind":"foreign key"},
   "metadata.statuses.statuses_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"}
  },
  "function_bodies": {
   "public.get_initial_status(text)": {"hash":"18141baa705b7d3e7cef677775b93ac8"},
   "public.get_status_entity_types()": {"hash":"c99ae84e5dff6e3eb782198938d2438a"},
   "public.get_statuses_for_entity(text)": {"hash":"965a227721c3c68406f30de92998d9da"},
   "public.validate_status_entity_type()": {"hash":"f7e79efb8804ffdeed1f761ddd47914f"}
  },
  "function_grants": {
   "public.get_initial_status(text) TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.get_initial_status(text) TO authenticated": {"privileges":["EXECUTE"]},
   "public.get_initial_status(text) TO web_anon": {"privileges":["EXECUTE"]},
   "public.get_status_entity_types() TO authenticated": {"privileges":["EXECUTE"]},
   "public.get_statuses_for_entity(text) TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.get_statuses_for_entity(text) TO authenticated": {"privileges":["EXECUTE"]},
   "public.get_statuses_for_entity(text) TO web_anon": {"privileges":["EXECUTE"]},
   "public.validate_status_entity_type() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.validate_status_entity_type() TO authenticated": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "public.get_initial_status(text)": {"arguments":[{"mode":"in","name":"p_entity_type","type":"text","default":null}],"kind":"function","language":"sql","returns":"integer","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"stable"},
   "public.get_status_entity_types()": {"arguments":[],"kind":"function","language":"sql","returns":"TABLE(entity_type text, description text, status_count bigint)","returns_columns":[{"name":"entity_type","type":"text"},{"name":"description","type":"text"},{"name":"status_count","type":"bigint"}],"returns_set":true,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"stable"},
   "public.get_statuses_for_entity(text)": {"arguments":[{"mode":"in","name":"p_entity_type","type":"text","default":null}],"kind":"function","language":"sql","returns":"TABLE(id integer, display_name character varying, description text, color public.hex_color, sort_order integer, is_initial boolean, is_terminal boolean)","returns_columns":[{"name":"id","type":"integer"},{"name":"display_name","type":"character varying"},{"name":"description","type":"text"},{"name":"color","type":"public.hex_color"},{"name":"sort_order","type":"integer"},{"name":"is_initial","type":"boolean"},{"name":"is_terminal","type":"boolean"}],"returns_set":true,"security_definer":false,"settings":[],"strict":false,"volatility":"stable"},
   "public.validate_status_entity_type()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"volatile"}
  },
  "indexes": {
   "metadata.statuses.idx_statuses_entity_sort": {"definition":"metadata.statuses USING btree (entity_type, sort_order)","unique":false},
   "metadata.statuses.idx_statuses_entity_type": {"definition":"metadata.statuses USING btree (entity_type)","unique":false},
   "metadata.statuses.idx_statuses_single_initial": {"definition":"metadata.statuses USING btree (entity_type) WHERE (is_initial = true)","unique":true}
  },
  "policies": {
   "metadata.status_types.status_types_delete": {"command":"delete","permissive":true,"roles":["authenticated"],"using":"public.is_admin()","with_check":null},
   "metadata.status_types.status_types_insert": {"command":"insert","permissive":true,"roles":["authenticated"],"using":null,"with_check":"public.is_admin()"},
   "metadata.status_types.status_types_select": {"command":"select","permissive":true,"roles":["public"],"using":"true","with_check":null},
   "metadata.status_types.status_types_update": {"command":"update","permissive":true,"roles":["authenticated"],"using":"public.is_admin()","with_check":"public.is_admin()"},
   "metadata.statuses.statuses_delete": {"command":"delete","permissive":true,"roles":["authenticated"],"using":"public.is_admin()","with_check":null},
   "metadata.statuses.statuses_insert": {"command":"insert","permissive":true,"roles":["authenticated"],"using":null,"with_check":"public.is_admin()"},
   "metadata.statuses.statuses_select": {"command":"select","permissive":true,"roles":["public"],"using":"true","with_check":null},
   "metadata.statuses.statuses_update": {"command":"update","permissive":true,"roles":["authenticated"],"using":"public.is_admin()","with_check":"public.is_admin()"}
  },
  "row_security": {
   "metadata.status_types": {"enabled":true,"forced":false},
   "metadata.statuses": {"enabled":true,"forced":false}
  },
  "sequence_grants": {
   "metadata.statuses_id_seq TO authenticated": {"privileges":["SELECT","USAGE"]}
  },
  "sequences": {
   "metadata.statuses_id_seq": {"increment":1,"owned_by":"metadata.statuses.id","start":1,"type":"integer"}
  },
  "table_grants": {
   "metadata.status_types TO authenticated": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.status_types TO web_anon": {"privileges":["SELECT"]},
   "metadata.statuses TO authenticated": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.statuses TO web_anon": {"privileges":["SELECT"]},
   "public.statuses TO authenticated": {"privileges":["SELECT"]},
   "public.statuses TO web_anon": {"privileges":["SELECT"]}
  },
  "tables": {
   "metadata.status_types": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.statuses": {"kind":"table","options":[],"persistence":"permanent"}
  },
  "triggers": {
   "metadata.status_types.set_status_types_updated_at": {"columns":[],"enabled":"origin","events":["update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null},
   "metadata.statuses.set_statuses_updated_at": {"columns":[],"enabled":"origin","events":["update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null}
  },
  "view_bodies": {
   "public.statuses": {"hash":"29986088bec4a1a70fefe35ed4a4a3d8"}
  },
  "view_columns": {
   "public.statuses.color": {"position":5,"type":"public.hex_color"},
   "public.statuses.created_at": {"position":9,"type":"timestamp with time zone"},
   "public.statuses.description": {"position":4,"type":"text"},
   "public.statuses.display_name": {"position":3,"type":"character varying(50)"},
   "public.statuses.entity_type": {"position":2,"type":"text"},
   "public.statuses.id": {"position":1,"type":"integer"},
   "public.statuses.is_initial": {"position":7,"type":"boolean"},
   "public.statuses.is_terminal": {"position":8,"type":"boolean"},
   "public.statuses.sort_order": {"position":6,"type":"integer"},
   "public.statuses.updated_at": {"position":10,"type":"timestamp with time zone"}
  },
  "views": {
   "public.statuses": {"accepts":["insert","update","delete"],"kind":"view","security_barrier":false,"security_invoker":false}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
