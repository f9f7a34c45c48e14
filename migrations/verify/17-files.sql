-- What 17-files makes.
select pg_temp.expect($facts$
{
 "categories": {
  "columns": {
   "metadata.file_upload_requests.file_size": {"default":null,"generated":null,"identity":null,"not_null":false,"position":13,"type":"bigint"},
   "metadata.file_upload_requests.property_name": {"default":null,"generated":null,"identity":null,"not_null":false,"position":14,"type":"text"}
  },
  "constraints": {
   "metadata.file_upload_requests.file_upload_requests_file_size_check": {"definition":"CHECK ((file_size > 0))","kind":"check"}
  },
  "function_bodies": {
   "metadata.decode_file_key()": {"hash":"2461523dc33c51bc531a9ec27f230ede"},
   "metadata.file_rules(text, text)": {"hash":"f3e319bc3475e1a448dedc42d1aa9033"},
   "metadata.insert_verify_job()": {"hash":"8b6ccea33bb87e181dacda33c1b01288"},
   "metadata.may_read_file(text, text, uuid)": {"hash":"6dee25908d30e7f0bd3e2b22a10add64"},
   "public.request_upload(text, text, text, text, bigint, text)": {"hash":"a2efb6298def656475717e68234f8fe8"}
  },
  "function_grants": {
   "metadata.file_rules(text, text) TO civic_os_worker": {"privileges":["EXECUTE"]},
   "metadata.may_read_file(text, text, uuid) TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.request_upload(text, text, text, text, bigint, text) TO authenticated": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "metadata.decode_file_key()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "metadata.file_rules(text, text)": {"arguments":[{"mode":"in","name":"p_entity_type","type":"text","default":null},{"mode":"in","name":"p_property","type":"text","default":null}],"kind":"function","language":"sql","returns":"jsonb","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"stable"},
   "metadata.insert_verify_job()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "metadata.may_read_file(text, text, uuid)": {"arguments":[{"mode":"in","name":"p_entity_type","type":"text","default":null},{"mode":"in","name":"p_entity_id","type":"text","default":null},{"mode":"in","name":"p_created_by","type":"uuid","default":null}],"kind":"function","language":"plpgsql","returns":"boolean","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"stable"},
   "public.request_upload(text, text, text, text, bigint, text)": {"arguments":[{"mode":"in","name":"p_entity_type","type":"text","default":null},{"mode":"in","name":"p_entity_id","type":"text","default":null},{"mode":"in","name":"p_file_name","type":"text","default":null},{"mode":"in","name":"p_file_type","type":"text","default":null},{"mode":"in","name":"p_file_size","type":"bigint","default":null},{"mode":"in","name":"p_property","type":"text","default":"NULL::text"}],"kind":"function","language":"sql","returns":"uuid","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"}
  },
  "indexes": {
   "metadata.file_upload_requests.idx_upload_requests_file": {"definition":"metadata.file_upload_requests USING btree (file_id)","unique":false}
  },
  "policies": {
   "metadata.file_upload_requests.Workers sign and clean up": {"command":"all","permissive":true,"roles":["civic_os_worker"],"using":"true","with_check":"true"},
   "metadata.files.Workers draw thumbnails": {"command":"update","permissive":true,"roles":["civic_os_worker"],"using":"true","with_check":"true"}
  },
  "table_grants": {
   "metadata.file_upload_requests TO civic_os_worker": {"privileges":["DELETE","SELECT","UPDATE"]},
   "metadata.files TO civic_os_worker": {"privileges":["SELECT","UPDATE"]}
  },
  "triggers": {
   "metadata.files.decode_file_key_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"metadata.decode_file_key","level":"row","timing":"before","when":"(new.s3_original_key ~~ '%\\%%'::text)"},
   "metadata.files.insert_verify_job_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"metadata.insert_verify_job","level":"row","timing":"after","when":"((new.thumbnail_status IS DISTINCT FROM 'pending'::text) AND (new.thumbnail_status IS DISTINCT FROM 'completed'::text))"}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
