-- What 05-roles-and-permissions makes.
select pg_temp.expect($facts$
{
 "categories": {
  "columns": {
   "metadata.permission_roles.permission_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"integer"},
   "metadata.permission_roles.role_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"smallint"},
   "metadata.permission_roles.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":3,"type":"timestamp with time zone"},
   "metadata.permissions.id": {"default":"nextval('metadata.permissions_id_seq'::regclass)","generated":null,"identity":null,"not_null":true,"position":1,"type":"integer"},
   "metadata.permissions.permission": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"metadata.permission"},
   "metadata.permissions.table_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"name"},
   "metadata.permissions.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":4,"type":"timestamp with time zone"},
   "metadata.roles.description": {"default":null,"generated":null,"identity":null,"not_null":false,"position":3,"type":"text"},
   "metadata.roles.display_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "metadata.roles.id": {"default":"nextval('metadata.roles_id_seq'::regclass)","generated":null,"identity":null,"not_null":true,"position":1,"type":"smallint"},
   "metadata.roles.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":4,"type":"timestamp with time zone"}
  },
  "constraints": {
   "metadata.permission_roles.permission_roles_permission_id_fkey": {"definition":"FOREIGN KEY (permission_id) REFERENCES metadata.permissions(id)","kind":"foreign key"},
   "metadata.permission_roles.permission_roles_pkey": {"definition":"PRIMARY KEY (permission_id, role_id)","kind":"primary key"},
   "metadata.permission_roles.permission_roles_role_id_fkey": {"definition":"FOREIGN KEY (role_id) REFERENCES metadata.roles(id)","kind":"foreign key"},
   "metadata.permissions.permissions_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.permissions.permissions_table_name_permission_key": {"definition":"UNIQUE (table_name, permission)","kind":"unique"},
   "metadata.roles.roles_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"}
  },
  "enums": {
   "metadata.permission": {"labels":["create","read","update","delete"]}
  },
  "function_bodies": {
   "public.create_role(text, text)": {"hash":"334887a79ea8b750be51ae80db79a513"},
   "public.get_role_permissions(smallint)": {"hash":"b04abcb6d0c726f8a1111dc9a2153a7b"},
   "public.get_roles()": {"hash":"47ca99b256a802b1d49f095b654e19ab"},
   "public.has_permission(text, text)": {"hash":"9424c639dea94a2e6965b3bbaa0ad088"},
   "public.set_role_permission(smallint, text, text, boolean)": {"hash":"fefa7b3c91b580a03d25dbaa6bb689b8"}
  },
  "function_grants": {
   "public.create_role(text, text) TO authenticated": {"privileges":["EXECUTE"]},
   "public.get_role_permissions(smallint) TO authenticated": {"privileges":["EXECUTE"]},
   "public.get_roles() TO authenticated": {"privileges":["EXECUTE"]},
   "public.has_permission(text, text) TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.has_permission(text, text) TO authenticated": {"privileges":["EXECUTE"]},
   "public.has_permission(text, text) TO web_anon": {"privileges":["EXECUTE"]},
   "public.set_role_permission(smallint, text, text, boolean) TO authenticated": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "public.create_role(text, text)": {"arguments":[{"mode":"in","name":"p_display_name","type":"text","default":null},{"mode":"in","name":"p_description","type":"text","default":"NULL::text"}],"kind":"function","language":"plpgsql","returns":"json","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "public.get_role_permissions(smallint)": {"arguments":[{"mode":"in","name":"p_role_id","type":"smallint","default":"NULL::smallint"}],"kind":"function","language":"plpgsql","returns":"TABLE(role_id smallint, role_name text, table_name text, permission_type text, has_permission boolean)","returns_columns":[{"name":"role_id","type":"smallint"},{"name":"role_name","type":"text"},{"name":"table_name","type":"text"},{"name":"permission_type","type":"text"},{"name":"has_permission","type":"boolean"}],"returns_set":true,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"stable"},
   "public.get_roles()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"TABLE(id smallint, display_name text, description text)","returns_columns":[{"name":"id","type":"smallint"},{"name":"display_name","type":"text"},{"name":"description","type":"text"}],"returns_set":true,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"stable"},
   "public.has_permission(text, text)": {"arguments":[{"mode":"in","name":"p_table_name","type":"text","default":null},{"mode":"in","name":"p_permission","type":"text","default":null}],"kind":"function","language":"plpgsql","returns":"boolean","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"stable"},
   "public.set_role_permission(smallint, text, text, boolean)": {"arguments":[{"mode":"in","name":"p_role_id","type":"smallint","default":null},{"mode":"in","name":"p_table_name","type":"text","default":null},{"mode":"in","name":"p_permission","type":"text","default":null},{"mode":"in","name":"p_enabled","type":"boolean","default":null}],"kind":"function","language":"plpgsql","returns":"json","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"}
  },
  "policies": {
   "metadata.roles.Admins can delete roles": {"command":"delete","permissive":true,"roles":["authenticated"],"using":"public.is_admin()","with_check":null},
   "metadata.roles.Admins can insert roles": {"command":"insert","permissive":true,"roles":["authenticated"],"using":null,"with_check":"public.is_admin()"},
   "metadata.roles.Admins can update roles": {"command":"update","permissive":true,"roles":["authenticated"],"using":"public.is_admin()","with_check":"public.is_admin()"},
   "metadata.roles.Everyone can read roles": {"command":"select","permissive":true,"roles":["public"],"using":"true","with_check":null}
  },
  "row_security": {
   "metadata.permission_roles": {"enabled":false,"forced":false},
   "metadata.permissions": {"enabled":false,"forced":false},
   "metadata.roles": {"enabled":true,"forced":false}
  },
  "sequences": {
   "metadata.permissions_id_seq": {"increment":1,"owned_by":"metadata.permissions.id","start":1,"type":"integer"},
   "metadata.roles_id_seq": {"increment":1,"owned_by":"metadata.roles.id","start":1,"type":"smallint"}
  },
  "table_grants": {
   "metadata.permission_roles TO authenticated": {"privileges":["SELECT"]},
   "metadata.permission_roles TO web_anon": {"privileges":["SELECT"]},
   "metadata.permissions TO authenticated": {"privileges":["SELECT"]},
   "metadata.permissions TO web_anon": {"privileges":["SELECT"]},
   "metadata.roles TO authenticated": {"privileges":["SELECT"]},
   "metadata.roles TO web_anon": {"privileges":["SELECT"]}
  },
  "tables": {
   "metadata.permission_roles": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.permissions": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.roles": {"kind":"table","options":[],"persistence":"permanent"}
  },
  "triggers": {
   "metadata.permission_roles.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null},
   "metadata.permissions.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null},
   "metadata.roles.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
