-- What 06-people makes.
select pg_temp.expect($facts$
{
 "categories": {
  "columns": {
   "metadata.civic_os_users.created_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":3,"type":"timestamp with time zone"},
   "metadata.civic_os_users.display_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "metadata.civic_os_users.id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "metadata.civic_os_users.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":4,"type":"timestamp with time zone"},
   "metadata.civic_os_users_private.created_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":5,"type":"timestamp with time zone"},
   "metadata.civic_os_users_private.display_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "metadata.civic_os_users_private.email": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"character varying(255)"},
   "metadata.civic_os_users_private.id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "metadata.civic_os_users_private.phone": {"default":null,"generated":null,"identity":null,"not_null":false,"position":3,"type":"character varying(255)"},
   "metadata.civic_os_users_private.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":false,"position":6,"type":"timestamp with time zone"},
   "metadata.user_roles.role_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"smallint"},
   "metadata.user_roles.synced_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":3,"type":"timestamp with time zone"},
   "metadata.user_roles.user_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"}
  },
  "constraints": {
   "metadata.civic_os_users.civic_os_users_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.civic_os_users_private.civic_os_users_private_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.civic_os_users_private.civic_os_users_private_user_id": {"definition":"FOREIGN KEY (id) REFERENCES metadata.civic_os_users(id) ON DELETE CASCADE","kind":"foreign key"},
   "metadata.user_roles.user_roles_pkey": {"definition":"PRIMARY KEY (user_id, role_id)","kind":"primary key"},
   "metadata.user_roles.user_roles_role_id_fkey": {"definition":"FOREIGN KEY (role_id) REFERENCES metadata.roles(id) ON DELETE CASCADE","kind":"foreign key"},
   "metadata.user_roles.user_roles_user_id_fkey": {"definition":"FOREIGN KEY (user_id) REFERENCES metadata.civic_os_users(id) ON DELETE CASCADE","kind":"foreign key"}
  },
  "function_bodies": {
   "public.format_public_display_name(text)": {"hash":"7394c1a96845c6990cb056ed92e77b22"},
   "public.has_role(uuid, text)": {"hash":"82cdedb9db01e6ef145219bdf53ac5ab"},
   "public.refresh_current_user()": {"hash":"d8fd8bc488d1fd06b6f73e6d866da88a"}
  },
  "function_grants": {
   "public.format_public_display_name(text) TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.has_role(uuid, text) TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.has_role(uuid, text) TO authenticated": {"privileges":["EXECUTE"]},
   "public.has_role(uuid, text) TO web_anon": {"privileges":["EXECUTE"]},
   "public.refresh_current_user() TO authenticated": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "public.format_public_display_name(text)": {"arguments":[{"mode":"in","name":"full_name","type":"text","default":null}],"kind":"function","language":"plpgsql","returns":"text","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"immutable"},
   "public.has_role(uuid, text)": {"arguments":[{"mode":"in","name":"p_user_id","type":"uuid","default":null},{"mode":"in","name":"p_role_name","type":"text","default":null}],"kind":"function","language":"plpgsql","returns":"boolean","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"stable"},
   "public.refresh_current_user()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"metadata.civic_os_users","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"}
  },
  "indexes": {
   "metadata.user_roles.idx_user_roles_role_id": {"definition":"metadata.user_roles USING btree (role_id)","unique":false}
  },
  "policies": {
   "metadata.civic_os_users.Everyone can read users": {"command":"select","permissive":true,"roles":["public"],"using":"true","with_check":null},
   "metadata.civic_os_users_private.Anonymous users see no private data": {"command":"select","permissive":true,"roles":["web_anon"],"using":"false","with_check":null},
   "metadata.civic_os_users_private.Permitted roles see all private data": {"command":"select","permissive":true,"roles":["authenticated"],"using":"( SELECT public.has_permission('civic_os_users_private'::text, 'read'::text) AS has_permission)","with_check":null},
   "metadata.civic_os_users_private.Users can read own private info": {"command":"select","permissive":true,"roles":["authenticated"],"using":"(id = public.current_user_id())","with_check":null},
   "metadata.user_roles.Users see own roles": {"command":"select","permissive":true,"roles":["public"],"using":"(user_id = public.current_user_id())","with_check":null}
  },
  "row_security": {
   "metadata.civic_os_users": {"enabled":true,"forced":false},
   "metadata.civic_os_users_private": {"enabled":true,"forced":false},
   "metadata.user_roles": {"enabled":true,"forced":false}
  },
  "table_grants": {
   "metadata.civic_os_users TO authenticated": {"privileges":["INSERT","SELECT","UPDATE"]},
   "metadata.civic_os_users TO web_anon": {"privileges":["SELECT"]},
   "metadata.civic_os_users_private TO authenticated": {"privileges":["INSERT","SELECT","UPDATE"]},
   "metadata.civic_os_users_private TO web_anon": {"privileges":["SELECT"]},
   "metadata.user_roles TO authenticated": {"privileges":["SELECT"]},
   "metadata.user_roles TO web_anon": {"privileges":["SELECT"]},
   "public.civic_os_users TO authenticated": {"privileges":["SELECT"]},
   "public.civic_os_users TO web_anon": {"privileges":["SELECT"]}
  },
  "tables": {
   "metadata.civic_os_users": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.civic_os_users_private": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.user_roles": {"kind":"table","options":[],"persistence":"permanent"}
  },
  "triggers": {
   "metadata.civic_os_users.set_created_at_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"public.set_created_at","level":"row","timing":"before","when":null},
   "metadata.civic_os_users.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null},
   "metadata.civic_os_users_private.set_created_at_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"public.set_created_at","level":"row","timing":"before","when":null},
   "metadata.civic_os_users_private.set_updated_at_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"public.set_updated_at","level":"row","timing":"before","when":null}
  },
  "view_bodies": {
   "public.civic_os_users": {"hash":"60ec46836791b17b142595d34c7dbb5a"}
  },
  "view_columns": {
   "public.civic_os_users.created_at": {"position":3,"type":"timestamp with time zone"},
   "public.civic_os_users.display_name": {"position":2,"type":"text"},
   "public.civic_os_users.email": {"position":6,"type":"character varying"},
   "public.civic_os_users.full_name": {"position":5,"type":"text"},
   "public.civic_os_users.id": {"position":1,"type":"uuid"},
   "public.civic_os_users.phone": {"position":7,"type":"character varying"},
   "public.civic_os_users.updated_at": {"position":4,"type":"timestamp with time zone"}
  },
  "views": {
   "public.civic_os_users": {"accepts":[],"kind":"view","security_barrier":false,"security_invoker":true}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
