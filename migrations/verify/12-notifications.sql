-- What 12-notifications makes.
select pg_temp.expect($facts$
{
 "categories": {
  "columns": {
   "metadata.notification_preferences.channel": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"character varying(20)"},
   "metadata.notification_preferences.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":6,"type":"timestamp with time zone"},
   "metadata.notification_preferences.email_address": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"public.email_address"},
   "metadata.notification_preferences.enabled": {"default":"true","generated":null,"identity":null,"not_null":true,"position":3,"type":"boolean"},
   "metadata.notification_preferences.phone_number": {"default":null,"generated":null,"identity":null,"not_null":false,"position":5,"type":"public.phone_number"},
   "metadata.notification_preferences.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":7,"type":"timestamp with time zone"},
   "metadata.notification_preferences.user_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "metadata.notification_templates.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":9,"type":"timestamp with time zone"},
   "metadata.notification_templates.description": {"default":null,"generated":null,"identity":null,"not_null":false,"position":3,"type":"text"},
   "metadata.notification_templates.entity_type": {"default":null,"generated":null,"identity":null,"not_null":false,"position":8,"type":"character varying(100)"},
   "metadata.notification_templates.html_template": {"default":null,"generated":null,"identity":null,"not_null":true,"position":5,"type":"text"},
   "metadata.notification_templates.id": {"default":"nextval('metadata.notification_templates_id_seq'::regclass)","generated":null,"identity":null,"not_null":true,"position":1,"type":"integer"},
   "metadata.notification_templates.name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"character varying(100)"},
   "metadata.notification_templates.sms_template": {"default":null,"generated":null,"identity":null,"not_null":false,"position":7,"type":"text"},
   "metadata.notification_templates.subject_template": {"default":null,"generated":null,"identity":null,"not_null":true,"position":4,"type":"text"},
   "metadata.notification_templates.text_template": {"default":null,"generated":null,"identity":null,"not_null":true,"position":6,"type":"text"},
   "metadata.notification_templates.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":10,"type":"timestamp with time zone"},
   "metadata.notifications.channels": {"default":"'{email}'::text[]","generated":null,"identity":null,"not_null":true,"position":7,"type":"text[]"},
   "metadata.notifications.channels_failed": {"default":null,"generated":null,"identity":null,"not_null":false,"position":12,"type":"text[]"},
   "metadata.notifications.channels_sent": {"default":null,"generated":null,"identity":null,"not_null":false,"position":11,"type":"text[]"},
   "metadata.notifications.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":13,"type":"timestamp with time zone"},
   "metadata.notifications.entity_data": {"default":null,"generated":null,"identity":null,"not_null":false,"position":6,"type":"jsonb"},
   "metadata.notifications.entity_id": {"default":null,"generated":null,"identity":null,"not_null":false,"position":5,"type":"character varying(100)"},
   "metadata.notifications.entity_type": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"character varying(100)"},
   "metadata.notifications.error_message": {"default":null,"generated":null,"identity":null,"not_null":false,"position":10,"type":"text"},
   "metadata.notifications.id": {"default":"nextval('metadata.notifications_id_seq'::regclass)","generated":null,"identity":null,"not_null":true,"position":1,"type":"bigint"},
   "metadata.notifications.sent_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":9,"type":"timestamp with time zone"},
   "metadata.notifications.status": {"default":"'pending'::character varying","generated":null,"identity":null,"not_null":true,"position":8,"type":"character varying(20)"},
   "metadata.notifications.template_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"character varying(100)"},
   "metadata.notifications.user_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"uuid"},
   "metadata.template_part_validation_results.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":6,"type":"timestamp with time zone"},
   "metadata.template_part_validation_results.error_message": {"default":null,"generated":null,"identity":null,"not_null":false,"position":5,"type":"text"},
   "metadata.template_part_validation_results.id": {"default":"nextval('metadata.template_part_validation_results_id_seq'::regclass)","generated":null,"identity":null,"not_null":true,"position":1,"type":"integer"},
   "metadata.template_part_validation_results.part_name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"character varying(20)"},
   "metadata.template_part_validation_results.valid": {"default":null,"generated":null,"identity":null,"not_null":true,"position":4,"type":"boolean"},
   "metadata.template_part_validation_results.validation_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"uuid"},
   "metadata.template_validation_results.completed_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":8,"type":"timestamp with time zone"},
   "metadata.template_validation_results.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":7,"type":"timestamp with time zone"},
   "metadata.template_validation_results.html_template": {"default":null,"generated":null,"identity":null,"not_null":false,"position":3,"type":"text"},
   "metadata.template_validation_results.id": {"default":"gen_random_uuid()","generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "metadata.template_validation_results.sms_template": {"default":null,"generated":null,"identity":null,"not_null":false,"position":5,"type":"text"},
   "metadata.template_validation_results.status": {"default":"'pending'::character varying","generated":null,"identity":null,"not_null":true,"position":6,"type":"character varying(20)"},
   "metadata.template_validation_results.subject_template": {"default":null,"generated":null,"identity":null,"not_null":false,"position":2,"type":"text"},
   "metadata.template_validation_results.text_template": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"text"}
  },
  "constraints": {
   "metadata.notification_preferences.notification_preferences_pkey": {"definition":"PRIMARY KEY (user_id, channel)","kind":"primary key"},
   "metadata.notification_preferences.notification_preferences_user_id_fkey": {"definition":"FOREIGN KEY (user_id) REFERENCES metadata.civic_os_users(id) ON DELETE CASCADE","kind":"foreign key"},
   "metadata.notification_preferences.valid_channel": {"definition":"CHECK (((channel)::text = ANY (ARRAY['email'::text, 'sms'::text])))","kind":"check"},
   "metadata.notification_templates.notification_templates_name_key": {"definition":"UNIQUE (name)","kind":"unique"},
   "metadata.notification_templates.notification_templates_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.notifications.notifications_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.notifications.notifications_template_name_fkey": {"definition":"FOREIGN KEY (template_name) REFERENCES metadata.notification_templates(name)","kind":"foreign key"},
   "metadata.notifications.notifications_user_id_fkey": {"definition":"FOREIGN KEY (user_id) REFERENCES metadata.civic_os_users(id) ON DELETE CASCADE","kind":"foreign key"},
   "metadata.notifications.valid_channels": {"definition":"CHECK (((channels <> '{}'::text[]) AND (channels <@ ARRAY['email'::text, 'sms'::text])))","kind":"check"},
   "metadata.notifications.valid_status": {"definition":"CHECK (((status)::text = ANY (ARRAY['pending'::text, 'sent'::text, 'failed'::text])))","kind":"check"},
   "metadata.template_part_validation_results.template_part_validation_results_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.template_part_validation_results.template_part_validation_results_validation_id_fkey": {"definition":"FOREIGN KEY (validation_id) REFERENCES metadata.template_validation_results(id) ON DELETE CASCADE","kind":"foreign key"},
   "metadata.template_part_validation_results.valid_part_name": {"definition":"CHECK (((part_name)::text = ANY (ARRAY['subject'::text, 'html'::text, 'text'::text, 'sms'::text])))","kind":"check"},
   "metadata.template_validation_results.template_validation_results_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.template_validation_results.valid_status": {"definition":"CHECK (((status)::text = ANY (ARRAY['pending'::text, 'completed'::text])))","kind":"check"}
  },
  "function_bodies": {
   "metadata.guard_preference_write()": {"hash":"8e773f40c73c1530af848ea42a74fa4e"},
   "metadata.guard_template_write()": {"hash":"fff4411776fca595b4186ec0774517e8"},
   "public.cleanup_old_validation_results()": {"hash":"0c97fbd1f50cd827083ef0a88d1bd15a"},
   "public.create_default_notification_preferences()": {"hash":"ffa3564ece74a7b2ab6310a57f3482f6"},
   "public.create_notification(uuid, character varying, character varying, character varying, jsonb, text[])": {"hash":"1f4453f9717320ca48eb9e58491674c0"},
   "public.enqueue_notification_job()": {"hash":"5e84980fca322fdda7610e35c21f76a1"},
   "public.get_preview_results(uuid)": {"hash":"883b7aad2cfca3e28f5ffb748af9363f"},
   "public.get_validation_results(uuid)": {"hash":"f0bd10c2a9132c60747be8d7ea9742c2"},
   "public.preview_template_parts(uuid, text, text, text, text, jsonb)": {"hash":"ff1079f76353ec5fff9337146951387d"},
   "public.validate_template_parts(uuid, text, text, text, text)": {"hash":"e41aae5342d8af171c9191c6d570e6d1"}
  },
  "function_grants": {
   "metadata.guard_preference_write() TO PUBLIC": {"privileges":["EXECUTE"]},
   "metadata.guard_template_write() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.cleanup_old_validation_results() TO authenticated": {"privileges":["EXECUTE"]},
   "public.create_default_notification_preferences() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.create_notification(uuid, character varying, character varying, character varying, jsonb, text[]) TO authenticated": {"privileges":["EXECUTE"]},
   "public.enqueue_notification_job() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.get_preview_results(uuid) TO authenticated": {"privileges":["EXECUTE"]},
   "public.get_validation_results(uuid) TO authenticated": {"privileges":["EXECUTE"]},
   "public.preview_template_parts(uuid, text, text, text, text, jsonb) TO authenticated": {"privileges":["EXECUTE"]},
   "public.validate_template_parts(uuid, text, text, text, text) TO authenticated": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "metadata.guard_preference_write()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"volatile"},
   "metadata.guard_template_write()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"volatile"},
   "public.cleanup_old_validation_results()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"void","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=metadata, public"],"strict":false,"volatility":"volatile"},
   "public.create_default_notification_preferences()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=metadata, public"],"strict":false,"volatility":"volatile"},
   "public.create_notification(uuid, character varying, character varying, character varying, jsonb, text[])": {"arguments":[{"mode":"in","name":"p_user_id","type":"uuid","default":null},{"mode":"in","name":"p_template_name","type":"character varying","default":null},{"mode":"in","name":"p_entity_type","type":"character varying","default":"NULL::character varying"},{"mode":"in","name":"p_entity_id","type":"character varying","default":"NULL::character varying"},{"mode":"in","name":"p_entity_data","type":"jsonb","default":"NULL::jsonb"},{"mode":"in","name":"p_channels","type":"text[]","default":"'{email}'::text[]"}],"kind":"function","language":"plpgsql","returns":"bigint","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=metadata, public"],"strict":false,"volatility":"volatile"},
   "public.enqueue_notification_job()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=metadata, public"],"strict":false,"volatility":"volatile"},
   "public.get_preview_results(uuid)": {"arguments":[{"mode":"in","name":"p_validation_id","type":"uuid","default":null}],"kind":"function","language":"plpgsql","returns":"TABLE(status text, part_name text, rendered_output text, error_message text)","returns_columns":[{"name":"status","type":"text"},{"name":"part_name","type":"text"},{"name":"rendered_output","type":"text"},{"name":"error_message","type":"text"}],"returns_set":true,"security_definer":true,"settings":["search_path=metadata, public"],"strict":false,"volatility":"volatile"},
   "public.get_validation_results(uuid)": {"arguments":[{"mode":"in","name":"p_validation_id","type":"uuid","default":null}],"kind":"function","language":"plpgsql","returns":"TABLE(status text, part_name text, valid boolean, error_message text)","returns_columns":[{"name":"status","type":"text"},{"name":"part_name","type":"text"},{"name":"valid","type":"boolean"},{"name":"error_message","type":"text"}],"returns_set":true,"security_definer":true,"settings":["search_path=metadata, public"],"strict":false,"volatility":"volatile"},
   "public.preview_template_parts(uuid, text, text, text, text, jsonb)": {"arguments":[{"mode":"in","name":"p_validation_id","type":"uuid","default":"gen_random_uuid()"},{"mode":"in","name":"p_subject_template","type":"text","default":"NULL::text"},{"mode":"in","name":"p_html_template","type":"text","default":"NULL::text"},{"mode":"in","name":"p_text_template","type":"text","default":"NULL::text"},{"mode":"in","name":"p_sms_template","type":"text","default":"NULL::text"},{"mode":"in","name":"p_sample_entity_data","type":"jsonb","default":"NULL::jsonb"}],"kind":"function","language":"plpgsql","returns":"TABLE(validation_id uuid)","returns_columns":[{"name":"validation_id","type":"uuid"}],"returns_set":true,"security_definer":true,"settings":["search_path=metadata, public"],"strict":false,"volatility":"volatile"},
   "public.validate_template_parts(uuid, text, text, text, text)": {"arguments":[{"mode":"in","name":"p_validation_id","type":"uuid","default":"gen_random_uuid()"},{"mode":"in","name":"p_subject_template","type":"text","default":"NULL::text"},{"mode":"in","name":"p_html_template","type":"text","default":"NULL::text"},{"mode":"in","name":"p_text_template","type":"text","default":"NULL::text"},{"mode":"in","name":"p_sms_template","type":"text","default":"NULL::text"}],"kind":"function","language":"plpgsql","returns":"TABLE(validation_id uuid)","returns_columns":[{"name":"validation_id","type":"uuid"}],"returns_set":true,"security_definer":true,"settings":["search_path=metadata, public"],"strict":false,"volatility":"volatile"}
  },
  "indexes": {
   "metadata.notification_preferences.idx_notification_preferences_user_id": {"definition":"metadata.notification_preferences USING btree (user_id)","unique":false},
   "metadata.notification_templates.idx_notification_templates_name": {"definition":"metadata.notification_templates USING btree (name)","unique":false},
   "metadata.notifications.idx_notifications_created_at": {"definition":"metadata.notifications USING btree (created_at DESC)","unique":false},
   "metadata.notifications.idx_notifications_entity": {"definition":"metadata.notifications USING btree (entity_type, entity_id)","unique":false},
   "metadata.notifications.idx_notifications_status": {"definition":"metadata.notifications USING btree (status)","unique":false},
   "metadata.notifications.idx_notifications_template": {"definition":"metadata.notifications USING btree (template_name)","unique":false},
   "metadata.notifications.idx_notifications_user_id": {"definition":"metadata.notifications USING btree (user_id)","unique":false},
   "metadata.template_part_validation_results.idx_part_validation_results_validation_id": {"definition":"metadata.template_part_validation_results USING btree (validation_id)","unique":false},
   "metadata.template_validation_results.idx_template_validation_results_status": {"definition":"metadata.template_validation_results USING btree (status, created_at)","unique":false}
  },
  "policies": {
   "metadata.notification_preferences.Users manage own preferences": {"command":"all","permissive":true,"roles":["authenticated"],"using":"(user_id = public.current_user_id())","with_check":null},
   "metadata.notification_templates.Admins manage templates": {"command":"all","permissive":true,"roles":["authenticated"],"using":"public.is_admin()","with_check":null},
   "metadata.notification_templates.All can view templates": {"command":"select","permissive":true,"roles":["authenticated"],"using":"true","with_check":null},
   "metadata.notifications.Users can create notifications": {"command":"insert","permissive":true,"roles":["authenticated"],"using":null,"with_check":"(user_id = public.current_user_id())"},
   "metadata.notifications.Users see own notifications": {"command":"select","permissive":true,"roles":["authenticated"],"using":"(user_id = public.current_user_id())","with_check":null},
   "metadata.template_part_validation_results.Users see validation part results": {"command":"all","permissive":true,"roles":["authenticated"],"using":"true","with_check":null},
   "metadata.template_validation_results.Users see own validation results": {"command":"all","permissive":true,"roles":["authenticated"],"using":"true","with_check":null}
  },
  "row_security": {
   "metadata.notification_preferences": {"enabled":true,"forced":false},
   "metadata.notification_templates": {"enabled":true,"forced":false},
   "metadata.notifications": {"enabled":true,"forced":false},
   "metadata.template_part_validation_results": {"enabled":true,"forced":false},
   "metadata.template_validation_results": {"enabled":true,"forced":false}
  },
  "sequence_grants": {
   "metadata.notification_templates_id_seq TO authenticated": {"privileges":["USAGE"]},
   "metadata.notifications_id_seq TO authenticated": {"privileges":["USAGE"]},
   "metadata.template_part_validation_results_id_seq TO authenticated": {"privileges":["USAGE"]}
  },
  "sequences": {
   "metadata.notification_templates_id_seq": {"increment":1,"owned_by":"metadata.notification_templates.id","start":1,"type":"integer"},
   "metadata.notifications_id_seq": {"increment":1,"owned_by":"metadata.notifications.id","start":1,"type":"bigint"},
   "metadata.template_part_validation_results_id_seq": {"increment":1,"owned_by":"metadata.template_part_validation_results.id","start":1,"type":"integer"}
  },
  "table_grants": {
   "public.notification_preferences TO authenticated": {"privileges":["INSERT","SELECT","UPDATE"]},
   "public.notification_templates TO authenticated": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "public.notification_templates TO web_anon": {"privileges":["SELECT"]}
  },
  "tables": {
   "metadata.notification_preferences": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.notification_templates": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.notifications": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.template_part_validation_results": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.template_validation_results": {"kind":"table","options":[],"persistence":"permanent"}
  },
  "triggers": {
   "metadata.civic_os_users_private.create_default_notification_preferences_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"public.create_default_notification_preferences","level":"row","timing":"after","when":null},
   "metadata.notification_preferences.guard_preference_write_trigger": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"metadata.guard_preference_write","level":"row","timing":"before","when":"row_security_active(('metadata.notification_preferences'::regclass)::oid)"},
   "metadata.notification_templates.guard_template_write_trigger": {"columns":[],"enabled":"origin","events":["insert","update","delete"],"function":"metadata.guard_template_write","level":"row","timing":"before","when":"row_security_active(('metadata.notification_templates'::regclass)::oid)"},
   "metadata.notifications.enqueue_notification_job_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"public.enqueue_notification_job","level":"row","timing":"after","when":null}
  },
  "view_bodies": {
   "public.notification_preferences": {"hash":"5b46c78c21a75d782c1256c37aba45c5"},
   "public.notification_templates": {"hash":"6e82bd1a21e1af445d92e47931b67c05"}
  },
  "view_columns": {
   "public.notification_preferences.channel": {"position":2,"type":"character varying(20)"},
   "public.notification_preferences.created_at": {"position":6,"type":"timestamp with time zone"},
   "public.notification_preferences.email_address": {"position":4,"type":"public.email_address"},
   "public.notification_preferences.enabled": {"position":3,"type":"boolean"},
   "public.notification_preferences.phone_number": {"position":5,"type":"public.phone_number"},
   "public.notification_preferences.updated_at": {"position":7,"type":"timestamp with time zone"},
   "public.notification_preferences.user_id": {"position":1,"type":"uuid"},
   "public.notification_templates.created_at": {"position":9,"type":"timestamp with time zone"},
   "public.notification_templates.description": {"position":3,"type":"text"},
   "public.notification_templates.entity_type": {"position":8,"type":"character varying(100)"},
   "public.notification_templates.html_template": {"position":5,"type":"text"},
   "public.notification_templates.id": {"position":1,"type":"integer"},
   "public.notification_templates.name": {"position":2,"type":"character varying(100)"},
   "public.notification_templates.sms_template": {"position":7,"type":"text"},
   "public.notification_templates.subject_template": {"position":4,"type":"text"},
   "public.notification_templates.text_template": {"position":6,"type":"text"},
   "public.notification_templates.updated_at": {"position":10,"type":"timestamp with time zone"}
  },
  "views": {
   "public.notification_preferences": {"accepts":["insert","update","delete"],"kind":"view","security_barrier":false,"security_invoker":false},
   "public.notification_templates": {"accepts":["insert","update","delete"],"kind":"view","security_barrier":false,"security_invoker":false}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
