-- What 21-web makes.
select pg_temp.expect($facts$
{
 "categories": {
  "function_bodies": {
   "public.aggregate_rows(name, name, text, name, text, jsonb, integer)": {"hash":"ba4463900c4d0d01eec87bda85ba3308"},
   "public.cancel_job(bigint)": {"hash":"1ce748c6c2f928131bdb5070deaf6377"},
   "public.delete_role(smallint)": {"hash":"640bd9be821d5426ea8a1c23b67085d9"},
   "public.delete_validation(name, name, text)": {"hash":"b492ff22311ae884120ef69e998f8a7a"},
   "public.get_table_constraints()": {"hash":"8760c5b2bee2c86371e25e336c130399"},
   "public.retry_job(bigint)": {"hash":"34adb3a2ed3728732a3b9b32192f8649"},
   "public.save_constraint_message(name, name, name, text)": {"hash":"fb9f10caf31290cff62574d720ee7a54"},
   "public.save_validation(name, name, text, text, text, integer)": {"hash":"a548b73d5676e06861080e59605fa962"},
   "public.system_health()": {"hash":"90e51ea769f4c61c9025a346b9aa030f"},
   "public.update_role(smallint, text)": {"hash":"ad99b92dec3e9e5ad40c6b2ab75c9273"},
   "public.update_rows(name, name, jsonb)": {"hash":"a8b9ce53ec56ed6f2f1202d7181aa80f"}
  },
  "function_grants": {
   "public.aggregate_rows(name, name, text, name, text, jsonb, integer) TO authenticated": {"privileges":["EXECUTE"]},
   "public.aggregate_rows(name, name, text, name, text, jsonb, integer) TO web_anon": {"privileges":["EXECUTE"]},
   "public.cancel_job(bigint) TO authenticated": {"privileges":["EXECUTE"]},
   "public.delete_role(smallint) TO authenticated": {"privileges":["EXECUTE"]},
   "public.delete_validation(name, name, text) TO authenticated": {"privileges":["EXECUTE"]},
   "public.get_table_constraints() TO authenticated": {"privileges":["EXECUTE"]},
   "public.retry_job(bigint) TO authenticated": {"privileges":["EXECUTE"]},
   "public.save_constraint_message(name, name, name, text) TO authenticated": {"privileges":["EXECUTE"]},
   "public.save_validation(name, name, text, text, text, integer) TO authenticated": {"privileges":["EXECUTE"]},
   "public.system_health() TO authenticated": {"privileges":["EXECUTE"]},
   "public.update_role(smallint, text) TO authenticated": {"privileges":["EXECUTE"]},
   "public.update_rows(name, name, jsonb) TO authenticated": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "public.aggregate_rows(name, name, text, name, text, jsonb, integer)": {"arguments":[{"mode":"in","name":"p_table_name","type":"name","default":null},{"mode":"in","name":"p_group_by","type":"name","default":null},{"mode":"in","name":"p_aggregate","type":"text","default":"'count'::text"},{"mode":"in","name":"p_value","type":"name","default":"NULL::name"},{"mode":"in","name":"p_bucket","type":"text","default":"NULL::text"},{"mode":"in","name":"p_filters","type":"jsonb","default":"'[]'::jsonb"},{"mode":"in","name":"p_limit","type":"integer","default":"50"}],"kind":"function","language":"plpgsql","returns":"jsonb","returns_columns":[],"returns_set":false,"security_definer":false,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"stable"},
   "public.cancel_job(bigint)": {"arguments":[{"mode":"in","name":"p_id","type":"bigint","default":null}],"kind":"function","language":"plpgsql","returns":"boolean","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "public.delete_role(smallint)": {"arguments":[{"mode":"in","name":"p_role_id","type":"smallint","default":null}],"kind":"function","language":"plpgsql","returns":"boolean","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "public.delete_validation(name, name, text)": {"arguments":[{"mode":"in","name":"p_table_name","type":"name","default":null},{"mode":"in","name":"p_column_name","type":"name","default":null},{"mode":"in","name":"p_validation_type","type":"text","default":null}],"kind":"function","language":"plpgsql","returns":"boolean","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "public.get_table_constraints()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"TABLE(constraint_name name, table_name name, column_name name, kind text, definition text, error_message text)","returns_columns":[{"name":"constraint_name","type":"name"},{"name":"table_name","type":"name"},{"name":"column_name","type":"name"},{"name":"kind","type":"text"},{"name":"definition","type":"text"},{"name":"error_message","type":"text"}],"returns_set":true,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"stable"},
   "public.retry_job(bigint)": {"arguments":[{"mode":"in","name":"p_id","type":"bigint","default":null}],"kind":"function","language":"plpgsql","returns":"boolean","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "public.save_constraint_message(name, name, name, text)": {"arguments":[{"mode":"in","name":"p_constraint_name","type":"name","default":null},{"mode":"in","name":"p_table_name","type":"name","default":null},{"mode":"in","name":"p_column_name","type":"name","default":null},{"mode":"in","name":"p_error_message","type":"text","default":null}],"kind":"function","language":"plpgsql","returns":"void","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "public.save_validation(name, name, text, text, text, integer)": {"arguments":[{"mode":"in","name":"p_table_name","type":"name","default":null},{"mode":"in","name":"p_column_name","type":"name","default":null},{"mode":"in","name":"p_validation_type","type":"text","default":null},{"mode":"in","name":"p_validation_value","type":"text","default":null},{"mode":"in","name":"p_error_message","type":"text","default":null},{"mode":"in","name":"p_sort_order","type":"integer","default":"0"}],"kind":"function","language":"plpgsql","returns":"void","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "public.system_health()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"jsonb","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"stable"},
   "public.update_role(smallint, text)": {"arguments":[{"mode":"in","name":"p_role_id","type":"smallint","default":null},{"mode":"in","name":"p_description","type":"text","default":null}],"kind":"function","language":"plpgsql","returns":"boolean","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "public.update_rows(name, name, jsonb)": {"arguments":[{"mode":"in","name":"p_table_name","type":"name","default":null},{"mode":"in","name":"p_key","type":"name","default":null},{"mode":"in","name":"p_rows","type":"jsonb","default":null}],"kind":"function","language":"plpgsql","returns":"integer","returns_columns":[],"returns_set":false,"security_definer":false,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
