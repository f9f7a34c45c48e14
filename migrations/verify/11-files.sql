-- What 11-files makes.
select pg_temp.expect($facts$
{
 "categories": {
  "column_grants": {
   "public.files.entity_id TO web_anon": {"privileges":["INSERT"]},
   "public.files.entity_type TO web_anon": {"privileges":["INSERT"]},
   "public.files.file_name TO web_anon": {"privileges":["INSERT"]},
   "public.files.file_size TO web_anon": {"privileges":["INSERT"]},
   "public.files.file_type TO web_anon": {"privileges":["INSERT"]},
   "public.files.id TO web_anon": {"privileges":["INSERT"]},
   "public.files.s3_bucket TO web_anon": {"privileges":["INSERT"]},
   "public.files.s3_original_key TO web_anon": {"privileges":["INSERT"]},
   "public.files.thumbnail_status TO web_anon": {"privileges":["INSERT"]}
  },
  "columns": {
   "metadata.file_upload_requests.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":11,"type":"timestamp with time zone"},
   "metadata.file_upload_requests.entity_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"text"},
   "metadata.file_upload_requests.entity_type": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "metadata.file_upload_requests.error_message": {"default":null,"generated":null,"identity":null,"not_null":false,"position":10,"type":"text"},
   "metadata.file_upload_requests.file_id": {"default":null,"generated":null,"identity":null,"not_null":false,"position":9,"type":"uuid"},
   "metadata.file_upload_requests.file_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":4,"type":"text"},
   "metadata.file_upload_requests.file_type": {"default":null,"generated":null,"identity":null,"not_null":true,"position":5,"type":"text"},
   "metadata.file_upload_requests.id": {"default":"public.uuid_generate_v7()","generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "metadata.file_upload_requests.presigned_url": {"default":null,"generated":null,"identity":null,"not_null":false,"position":7,"type":"text"},
   "metadata.file_upload_requests.requested_by": {"default":"public.current_user_id()","generated":null,"identity":null,"not_null":false,"position":12,"type":"uuid"},
   "metadata.file_upload_requests.s3_key": {"default":null,"generated":null,"identity":null,"not_null":false,"position":8,"type":"text"},
   "metadata.file_upload_requests.status": {"default":"'pending'::text","generated":null,"identity":null,"not_null":false,"position":6,"type":"text"},
   "metadata.files.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":15,"type":"timestamp with time zone"},
   "metadata.files.created_by": {"default":null,"generated":null,"identity":null,"not_null":false,"position":14,"type":"uuid"},
   "metadata.files.entity_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"text"},
   "metadata.files.entity_type": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "metadata.files.file_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":4,"type":"text"},
   "metadata.files.file_size": {"default":null,"generated":null,"identity":null,"not_null":true,"position":6,"type":"integer"},
   "metadata.files.file_type": {"default":null,"generated":null,"identity":null,"not_null":true,"position":5,"type":"text"},
   "metadata.files.id": {"default":"public.uuid_generate_v7()","generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "metadata.files.s3_bucket": {"default":"'civic-os-files'::character varying","generated":null,"identity":null,"not_null":true,"position":17,"type":"character varying(255)"},
   "metadata.files.s3_key_prefix": {"default":null,"generated":"((((entity_type || '/'::text) || entity_id) || '/'::text) || id)","identity":null,"not_null":false,"position":7,"type":"text"},
   "metadata.files.s3_original_key": {"default":null,"generated":null,"identity":null,"not_null":true,"position":8,"type":"text"},
   "metadata.files.s3_thumbnail_large_key": {"default":null,"generated":null,"identity":null,"not_null":false,"position":11,"type":"text"},
   "metadata.files.s3_thumbnail_medium_key": {"default":null,"generated":null,"identity":null,"not_null":false,"position":10,"type":"text"},
   "metadata.files.s3_thumbnail_small_key": {"default":null,"generated":null,"identity":null,"not_null":false,"position":9,"type":"text"},
   "metadata.files.thumbnail_error": {"default":null,"generated":null,"identity":null,"not_null":false,"position":13,"type":"text"},
   "metadata.files.thumbnail_status": {"default":"'pending'::text","generated":null,"identity":null,"not_null":false,"position":12,"type":"text"},
   "metadata.files.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":16,"type":"timestamp with time zone"}
  },
  "constraints": {
   "metadata.file_upload_requests.file_upload_requests_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.file_upload_requests.file_upload_requests_status_check": {"definition":"CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text])))","kind":"check"},
   "metadata.files.files_created_by_fkey": {"definition":"FOREIGN KEY (created_by) REFERENCES metadata.civic_os_users(id)","kind":"foreign key"},
   "metadata.files.files_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.files.files_thumbnail_status_check": {"definition":"CHECK ((thumbnail_status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text, 'not_applicable'::text])))","kind":"check"}
  },
  "function_bodies": {
   "metadata.anonymous_uploads()": {"hash":"8c760a04688efbeed831b7df0db47c26"},
   "metadata.guard_file_write()": {"hash":"7cf236f04846973f288426577f3b72e9"},
   "metadata.require_uploader()": {"hash":"f12495dbcb4c32a3b6b0a09535802d81"},
   "public.get_upload_url(uuid)": {"hash":"b3218c75771a431602f36b8a130bfb17"},
   "public.insert_s3_presign_job()": {"hash":"a187693f11cc184d7d5ded111844089b"},
   "public.insert_thumbnail_job()": {"hash":"a441fd1c5b826391eaa83fb2889cbe57"},
   "public.request_upload_url(text, text, text, text)": {"hash":"f3036b8c663cd5a4215b538219219bf6"},
   "public.set_file_created_by()": {"hash":"c30628fae9eab03e8bf7ff6d0c807ec0"}
  },
  "function_grants": {
   "metadata.guard_file_write() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.get_upload_url(uuid) TO authenticated": {"privileges":["EXECUTE"]},
   "public.get_upload_url(uuid) TO web_anon": {"privileges":["EXECUTE"]},
   "public.insert_s3_presign_job() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.insert_thumbnail_job() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.request_upload_url(text, text, text, text) TO authenticated": {"privileges":["EXECUTE"]},
   "public.request_upload_url(text, text, text, text) TO web_anon": {"privileges":["EXECUTE"]},
   "public.set_file_created_by() TO PUBLIC": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "metadata.anonymous_uploads()": {"arguments":[],"kind":"function","language":"sql","returns":"boolean","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"stable"},
   "metadata.guard_file_write()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "metadata.require_uploader()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"void","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"stable"},
   "public.get_upload_url(uuid)": {"arguments":[{"mode":"in","name":"p_request_id","type":"uuid","default":null}],"kind":"function","language":"plpgsql","returns":"TABLE(status text, url text, file_id uuid, error text)","returns_columns":[{"name":"status","type":"text"},{"name":"url","type":"text"},{"name":"file_id","type":"uuid"},{"name":"error","type":"text"}],"returns_set":true,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "public.insert_s3_presign_job()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=metadata, public"],"strict":false,"volatility":"volatile"},
   "public.insert_thumbnail_job()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=metadata, public"],"strict":false,"volatility":"volatile"},
   "public.request_upload_url(text, text, text, text)": {"arguments":[{"mode":"in","name":"p_entity_type","type":"text","default":null},{"mode":"in","name":"p_entity_id","type":"text","default":null},{"mode":"in","name":"p_file_name","type":"text","default":null},{"mode":"in","name":"p_file_type","type":"text","default":null}],"kind":"function","language":"plpgsql","returns":"uuid","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"},
   "public.set_file_created_by()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"volatile"}
  },
  "indexes": {
   "metadata.file_upload_requests.idx_upload_requests_status": {"definition":"metadata.file_upload_requests USING btree (status, created_at)","unique":false},
   "metadata.files.idx_files_created": {"definition":"metadata.files USING btree (created_at DESC)","unique":false},
   "metadata.files.idx_files_entity": {"definition":"metadata.files USING btree (entity_type, entity_id)","unique":false},
   "metadata.files.idx_files_pending": {"definition":"metadata.files USING btree (thumbnail_status, created_at) WHERE (thumbnail_status = ANY (ARRAY['pending'::text, 'failed'::text]))","unique":false}
  },
  "policies": {
   "metadata.file_upload_requests.Users see own upload requests": {"command":"select","permissive":true,"roles":["authenticated"],"using":"((requested_by = public.current_user_id()) OR ( SELECT public.is_admin() AS is_admin))","with_check":null},
   "metadata.files.Authenticated users can upload files": {"command":"insert","permissive":true,"roles":["public"],"using":null,"with_check":"(( SELECT ((NULLIF(current_setting('request.jwt.claims'::text, true), ''::text))::jsonb ->> 'role'::text)) = 'authenticated'::text)"},
   "metadata.files.Users can update own recent uploads": {"command":"update","permissive":true,"roles":["public"],"using":"(((created_by = public.current_user_id()) AND (created_at > (now() - '00:05:00'::interval))) OR ( SELECT (public.is_admin() OR public.has_permission('files'::text, 'update'::text))))","with_check":null},
   "metadata.files.Users can view files": {"command":"select","permissive":true,"roles":["public"],"using":"true","with_check":null}
  },
  "row_security": {
   "metadata.file_upload_requests": {"enabled":true,"forced":false},
   "metadata.files": {"enabled":true,"forced":false}
  },
  "table_grants": {
   "metadata.file_upload_requests TO authenticated": {"privileges":["SELECT"]},
   "metadata.files TO authenticated": {"privileges":["INSERT","SELECT","UPDATE"]},
   "metadata.files TO web_anon": {"privileges":["SELECT"]},
   "public.files TO authenticated": {"privileges":["INSERT","SELECT","UPDATE"]},
   "public.files TO web_anon": {"privileges":["SELECT"]}
  },
  "tables": {
   "metadata.file_upload_requests": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.files": {"kind":"table","options":[],"persistence":"permanent"}
  },
  "triggers": {
   "metadata.file_upload_requests.insert_s3_presign_job_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"public.insert_s3_presign_job","level":"row","timing":"after","when":null},
   "metadata.files.guard_file_write_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"metadata.guard_file_write","level":"row","timing":"before","when":"(row_security_active(('metadata.files'::regclass)::oid) AND (CURRENT_USER <> ALL (ARRAY['civic_os_worker'::text, 'civic_os_payments'::text])))"},
   "metadata.files.insert_thumbnail_job_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"public.insert_thumbnail_job","level":"row","timing":"after","when":null},
   "metadata.files.set_file_created_by_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"public.set_file_created_by","level":"row","timing":"before","when":null}
  },
  "view_bodies": {
   "public.files": {"hash":"1ce910e41beb12bb39af308414400479"}
  },
  "view_columns": {
   "public.files.created_at": {"position":15,"type":"timestamp with time zone"},
   "public.files.created_by": {"position":14,"type":"uuid"},
   "public.files.entity_id": {"position":3,"type":"text"},
   "public.files.entity_type": {"position":2,"type":"text"},
   "public.files.file_name": {"position":4,"type":"text"},
   "public.files.file_size": {"position":6,"type":"integer"},
   "public.files.file_type": {"position":5,"type":"text"},
   "public.files.id": {"position":1,"type":"uuid"},
   "public.files.s3_bucket": {"position":17,"type":"character varying(255)"},
   "public.files.s3_key_prefix": {"position":7,"type":"text"},
   "public.files.s3_original_key": {"position":8,"type":"text"},
   "public.files.s3_thumbnail_large_key": {"position":11,"type":"text"},
   "public.files.s3_thumbnail_medium_key": {"position":10,"type":"text"},
   "public.files.s3_thumbnail_small_key": {"position":9,"type":"text"},
   "public.files.thumbnail_error": {"position":13,"type":"text"},
   "public.files.thumbnail_status": {"position":12,"type":"text"},
   "public.files.updated_at": {"position":16,"type":"timestamp with time zone"}
  },
  "views": {
   "public.files": {"accepts":["insert","update","delete"],"kind":"view","security_barrier":false,"security_invoker":false}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
