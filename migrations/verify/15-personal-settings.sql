-- What 15-personal-settings makes.
select pg_temp.expect($facts$
{
 "categories": {
  "columns": {
   "metadata.saved_views.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":7,"type":"timestamp with time zone"},
   "metadata.saved_views.entity": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"name"},
   "metadata.saved_views.id": {"default":null,"generated":null,"identity":"always","not_null":true,"position":1,"type":"bigint"},
   "metadata.saved_views.name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":4,"type":"text"},
   "metadata.saved_views.query": {"default":null,"generated":null,"identity":null,"not_null":true,"position":5,"type":"text"},
   "metadata.saved_views.shared": {"default":"false","generated":null,"identity":null,"not_null":true,"position":6,"type":"boolean"},
   "metadata.saved_views.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":8,"type":"timestamp with time zone"},
   "metadata.saved_views.user_id": {"default":"public.current_user_id()","generated":null,"identity":null,"not_null":true,"position":2,"type":"uuid"},
   "metadata.user_settings.key": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "metadata.user_settings.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":4,"type":"timestamp with time zone"},
   "metadata.user_settings.user_id": {"default":"public.current_user_id()","generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "metadata.user_settings.value": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"jsonb"}
  },
  "constraints": {
   "metadata.saved_views.saved_views_name_check": {"definition":"CHECK (((length(TRIM(BOTH FROM name)) >= 1) AND (length(TRIM(BOTH FROM name)) <= 100)))","kind":"check"},
   "metadata.saved_views.saved_views_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.saved_views.saved_views_user_id_entity_name_key": {"definition":"UNIQUE (user_id, entity, name)","kind":"unique"},
   "metadata.saved_views.saved_views_user_id_fkey": {"definition":"FOREIGN KEY (user_id) REFERENCES metadata.civic_os_users(id) ON DELETE CASCADE","kind":"foreign key"},
   "metadata.user_settings.user_settings_key_check": {"definition":"CHECK (((length(key) >= 1) AND (length(key) <= 100)))","kind":"check"},
   "metadata.user_settings.user_settings_pkey": {"definition":"PRIMARY KEY (user_id, key)","kind":"primary key"},
   "metadata.user_settings.user_settings_user_id_fkey": {"definition":"FOREIGN KEY (user_id) REFERENCES metadata.civic_os_users(id) ON DELETE CASCADE","kind":"foreign key"}
  },
  "indexes": {
   "metadata.saved_views.idx_saved_views_entity": {"definition":"metadata.saved_views USING btree (entity) WHERE shared","unique":false}
  },
  "policies": {
   "metadata.saved_views.Admins can delete shared views": {"command":"delete","permissive":true,"roles":["authenticated"],"using":"(shared AND ( SELECT public.is_admin() AS is_admin))","with_check":null},
   "metadata.saved_views.Signed-in people see shared views": {"command":"select","permissive":true,"roles":["authenticated"],"using":"shared","with_check":null},
   "metadata.saved_views.Users manage own views": {"command":"all","permissive":true,"roles":["authenticated"],"using":"(user_id = public.current_user_id())","with_check":"(user_id = public.current_user_id())"},
   "metadata.user_settings.Users manage own settings": {"command":"all","permissive":true,"roles":["authenticated"],"using":"(user_id = public.current_user_id())","with_check":"(user_id = public.current_user_id())"}
  },
  "row_security": {
   "metadata.saved_views": {"enabled":true,"forced":false},
   "metadata.user_settings": {"enabled":true,"forced":false}
  },
  "sequences": {
   "metadata.saved_views_id_seq": {"increment":1,"owned_by":"metadata.saved_views.id","start":1,"type":"bigint"}
  },
  "table_grants": {
   "metadata.saved_views TO authenticated": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.user_settings TO authenticated": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]}
  },
  "tables": {
   "metadata.saved_views": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.user_settings": {"kind":"table","options":[],"persistence":"permanent"}
  },
  "triggers": {
   "metadata.saved_views.set_created_at_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"public.set_created_at","level":"row","timing":"before","when":null},
   "metadata.saved_views.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null},
   "metadata.user_settings.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
