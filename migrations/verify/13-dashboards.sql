-- What 13-dashboards makes.
select pg_temp.expect($facts$
{
 "categories": {
  "columns": {
   "metadata.dashboard_widgets.config": {"default":"'{}'::jsonb","generated":null,"identity":null,"not_null":true,"position":10,"type":"jsonb"},
   "metadata.dashboard_widgets.created_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":11,"type":"timestamp with time zone"},
   "metadata.dashboard_widgets.dashboard_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"integer"},
   "metadata.dashboard_widgets.entity_key": {"default":null,"generated":null,"identity":null,"not_null":false,"position":5,"type":"name"},
   "metadata.dashboard_widgets.height": {"default":"1","generated":null,"identity":null,"not_null":false,"position":9,"type":"integer"},
   "metadata.dashboard_widgets.id": {"default":"nextval('metadata.dashboard_widgets_id_seq'::regclass)","generated":null,"identity":null,"not_null":true,"position":1,"type":"integer"},
   "metadata.dashboard_widgets.refresh_interval_seconds": {"default":null,"generated":null,"identity":null,"not_null":false,"position":6,"type":"integer"},
   "metadata.dashboard_widgets.sort_order": {"default":"0","generated":null,"identity":null,"not_null":false,"position":7,"type":"integer"},
   "metadata.dashboard_widgets.title": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"text"},
   "metadata.dashboard_widgets.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":12,"type":"timestamp with time zone"},
   "metadata.dashboard_widgets.widget_type": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"character varying(50)"},
   "metadata.dashboard_widgets.width": {"default":"1","generated":null,"identity":null,"not_null":false,"position":8,"type":"integer"},
   "metadata.dashboards.created_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":8,"type":"timestamp with time zone"},
   "metadata.dashboards.created_by": {"default":null,"generated":null,"identity":null,"not_null":false,"position":7,"type":"uuid"},
   "metadata.dashboards.description": {"default":null,"generated":null,"identity":null,"not_null":false,"position":3,"type":"text"},
   "metadata.dashboards.display_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"character varying(100)"},
   "metadata.dashboards.id": {"default":"nextval('metadata.dashboards_id_seq'::regclass)","generated":null,"identity":null,"not_null":true,"position":1,"type":"integer"},
   "metadata.dashboards.is_default": {"default":"false","generated":null,"identity":null,"not_null":false,"position":4,"type":"boolean"},
   "metadata.dashboards.is_public": {"default":"true","generated":null,"identity":null,"not_null":false,"position":5,"type":"boolean"},
   "metadata.dashboards.sort_order": {"default":"0","generated":null,"identity":null,"not_null":false,"position":6,"type":"integer"},
   "metadata.dashboards.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":9,"type":"timestamp with time zone"},
   "metadata.user_dashboard_preferences.default_dashboard_id": {"default":null,"generated":null,"identity":null,"not_null":false,"position":2,"type":"integer"},
   "metadata.user_dashboard_preferences.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":3,"type":"timestamp with time zone"},
   "metadata.user_dashboard_preferences.user_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "metadata.widget_types.config_schema": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"jsonb"},
   "metadata.widget_types.created_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":7,"type":"timestamp with time zone"},
   "metadata.widget_types.description": {"default":null,"generated":null,"identity":null,"not_null":false,"position":3,"type":"text"},
   "metadata.widget_types.display_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "metadata.widget_types.icon_name": {"default":null,"generated":null,"identity":null,"not_null":false,"position":5,"type":"character varying(50)"},
   "metadata.widget_types.is_active": {"default":"true","generated":null,"identity":null,"not_null":false,"position":6,"type":"boolean"},
   "metadata.widget_types.widget_type": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"character varying(50)"}
  },
  "constraints": {
   "metadata.dashboard_widgets.dashboard_widgets_dashboard_id_fkey": {"definition":"FOREIGN KEY (dashboard_id) REFERENCES metadata.dashboards(id) ON DELETE CASCADE","kind":"foreign key"},
   "metadata.dashboard_widgets.dashboard_widgets_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.dashboard_widgets.dashboard_widgets_widget_type_fkey": {"definition":"FOREIGN KEY (widget_type) REFERENCES metadata.widget_types(widget_type)","kind":"foreign key"},
   "metadata.dashboard_widgets.valid_height": {"definition":"CHECK (((height >= 1) AND (height <= 3)))","kind":"check"},
   "metadata.dashboard_widgets.valid_refresh_interval": {"definition":"CHECK (((refresh_interval_seconds IS NULL) OR (refresh_interval_seconds >= 0)))","kind":"check"},
   "metadata.dashboard_widgets.valid_width": {"definition":"CHECK (((width >= 1) AND (width <= 2)))","kind":"check"},
   "metadata.dashboards.dashboards_created_by_fkey": {"definition":"FOREIGN KEY (created_by) REFERENCES metadata.civic_os_users(id) ON DELETE SET NULL","kind":"foreign key"},
   "metadata.dashboards.dashboards_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.user_dashboard_preferences.user_dashboard_preferences_default_dashboard_id_fkey": {"definition":"FOREIGN KEY (default_dashboard_id) REFERENCES metadata.dashboards(id) ON DELETE SET NULL","kind":"foreign key"},
   "metadata.user_dashboard_preferences.user_dashboard_preferences_pkey": {"definition":"PRIMARY KEY (user_id)","kind":"primary key"},
   "metadata.user_dashboard_preferences.user_dashboard_preferences_user_id_fkey": {"definition":"FOREIGN KEY (user_id) REFERENCES metadata.civic_os_users(id) ON DELETE CASCADE","kind":"foreign key"},
   "metadata.widget_types.widget_types_pkey": {"definition":"PRIMARY KEY (widget_type)","kind":"primary key"}
  },
  "function_bodies": {
   "public.get_dashboard(integer)": {"hash":"20632b8b0832cca480540bbadbe2a5c6"},
   "public.get_dashboards()": {"hash":"5e89ab4b5c41bbaa3cc04707364e5645"},
   "public.get_user_default_dashboard()": {"hash":"ede999966afc1353ab3d9c8db6af0728"}
  },
  "function_grants": {
   "public.get_dashboard(integer) TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.get_dashboard(integer) TO authenticated": {"privileges":["EXECUTE"]},
   "public.get_dashboard(integer) TO web_anon": {"privileges":["EXECUTE"]},
   "public.get_dashboards() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.get_dashboards() TO authenticated": {"privileges":["EXECUTE"]},
   "public.get_dashboards() TO web_anon": {"privileges":["EXECUTE"]},
   "public.get_user_default_dashboard() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.get_user_default_dashboard() TO authenticated": {"privileges":["EXECUTE"]},
   "public.get_user_default_dashboard() TO web_anon": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "public.get_dashboard(integer)": {"arguments":[{"mode":"in","name":"p_dashboard_id","type":"integer","default":null}],"kind":"function","language":"plpgsql","returns":"json","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"stable"},
   "public.get_dashboards()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"TABLE(id integer, display_name character varying, description text, is_default boolean, is_public boolean, sort_order integer, created_by uuid, created_at timestamp with time zone, updated_at timestamp with time zone)","returns_columns":[{"name":"id","type":"integer"},{"name":"display_name","type":"character varying"},{"name":"description","type":"text"},{"name":"is_default","type":"boolean"},{"name":"is_public","type":"boolean"},{"name":"sort_order","type":"integer"},{"name":"created_by","type":"uuid"},{"name":"created_at","type":"timestamp with time zone"},{"name":"updated_at","type":"timestamp with time zone"}],"returns_set":true,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"stable"},
   "public.get_user_default_dashboard()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"integer","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"}
  },
  "indexes": {
   "metadata.dashboard_widgets.idx_widgets_config": {"definition":"metadata.dashboard_widgets USING gin (config)","unique":false},
   "metadata.dashboard_widgets.idx_widgets_dashboard_id": {"definition":"metadata.dashboard_widgets USING btree (dashboard_id, sort_order)","unique":false},
   "metadata.dashboard_widgets.idx_widgets_entity_key": {"definition":"metadata.dashboard_widgets USING btree (entity_key) WHERE (entity_key IS NOT NULL)","unique":false},
   "metadata.dashboards.idx_dashboards_single_default": {"definition":"metadata.dashboards USING btree (is_default) WHERE (is_default = true)","unique":true}
  },
  "policies": {
   "metadata.dashboard_widgets.Admins can manage widgets": {"command":"all","permissive":true,"roles":["authenticated"],"using":"public.is_admin()","with_check":"public.is_admin()"},
   "metadata.dashboard_widgets.Everyone can read public dashboard widgets": {"command":"select","permissive":true,"roles":["public"],"using":"(dashboard_id IN ( SELECT dashboards.id FROM metadata.dashboards WHERE (dashboards.is_public = true)))","with_check":null},
   "metadata.dashboard_widgets.Users can read own dashboard widgets": {"command":"select","permissive":true,"roles":["authenticated"],"using":"(dashboard_id IN ( SELECT dashboards.id FROM metadata.dashboards WHERE (dashboards.created_by = public.current_user_id())))","with_check":null},
   "metadata.dashboards.Admins can delete dashboards": {"command":"delete","permissive":true,"roles":["authenticated"],"using":"public.is_admin()","with_check":null},
   "metadata.dashboards.Admins can insert dashboards": {"command":"insert","permissive":true,"roles":["authenticated"],"using":null,"with_check":"public.is_admin()"},
   "metadata.dashboards.Admins can update dashboards": {"command":"update","permissive":true,"roles":["authenticated"],"using":"public.is_admin()","with_check":"public.is_admin()"},
   "metadata.dashboards.Everyone can read public dashboards": {"command":"select","permissive":true,"roles":["public"],"using":"(is_public = true)","with_check":null},
   "metadata.dashboards.Users can read own private dashboards": {"command":"select","permissive":true,"roles":["authenticated"],"using":"(created_by = public.current_user_id())","with_check":null},
   "metadata.user_dashboard_preferences.Users can manage own preferences": {"command":"all","permissive":true,"roles":["authenticated"],"using":"(user_id = public.current_user_id())","with_check":"(user_id = public.current_user_id())"}
  },
  "row_security": {
   "metadata.dashboard_widgets": {"enabled":true,"forced":false},
   "metadata.dashboards": {"enabled":true,"forced":false},
   "metadata.user_dashboard_preferences": {"enabled":true,"forced":false},
   "metadata.widget_types": {"enabled":false,"forced":false}
  },
  "sequence_grants": {
   "metadata.dashboard_widgets_id_seq TO authenticated": {"privileges":["SELECT","USAGE"]},
   "metadata.dashboards_id_seq TO authenticated": {"privileges":["SELECT","USAGE"]}
  },
  "sequences": {
   "metadata.dashboard_widgets_id_seq": {"increment":1,"owned_by":"metadata.dashboard_widgets.id","start":1,"type":"integer"},
   "metadata.dashboards_id_seq": {"increment":1,"owned_by":"metadata.dashboards.id","start":1,"type":"integer"}
  },
  "table_grants": {
   "metadata.dashboard_widgets TO authenticated": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.dashboard_widgets TO web_anon": {"privileges":["SELECT"]},
   "metadata.dashboards TO authenticated": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.dashboards TO web_anon": {"privileges":["SELECT"]},
   "metadata.user_dashboard_preferences TO authenticated": {"privileges":["INSERT","SELECT","UPDATE"]},
   "metadata.widget_types TO authenticated": {"privileges":["SELECT"]},
   "metadata.widget_types TO web_anon": {"privileges":["SELECT"]}
  },
  "tables": {
   "metadata.dashboard_widgets": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.dashboards": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.user_dashboard_preferences": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.widget_types": {"kind":"table","options":[],"persistence":"permanent"}
  },
  "triggers": {
   "metadata.dashboard_widgets.set_created_at_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"public.set_created_at","level":"row","timing":"before","when":null},
   "metadata.dashboard_widgets.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null},
   "metadata.dashboards.set_created_at_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"public.set_created_at","level":"row","timing":"before","when":null},
   "metadata.dashboards.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null},
   "metadata.user_dashboard_preferences.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
