-- What 20-identity makes.
select pg_temp.expect($facts$
{
 "categories": {
  "columns": {
   "civic_os_identity.attempts.blocked_until": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"timestamp with time zone"},
   "civic_os_identity.attempts.failures": {"default":"0","generated":null,"identity":null,"not_null":true,"position":2,"type":"integer"},
   "civic_os_identity.attempts.last_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":3,"type":"timestamp with time zone"},
   "civic_os_identity.attempts.name_hash": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"text"},
   "civic_os_identity.codes.code_challenge": {"default":null,"generated":null,"identity":null,"not_null":true,"position":4,"type":"text"},
   "civic_os_identity.codes.code_hash": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"text"},
   "civic_os_identity.codes.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":7,"type":"timestamp with time zone"},
   "civic_os_identity.codes.family_id": {"default":null,"generated":null,"identity":null,"not_null":false,"position":9,"type":"uuid"},
   "civic_os_identity.codes.nonce": {"default":null,"generated":null,"identity":null,"not_null":false,"position":5,"type":"text"},
   "civic_os_identity.codes.redirect_uri": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"text"},
   "civic_os_identity.codes.scope": {"default":null,"generated":null,"identity":null,"not_null":true,"position":6,"type":"text"},
   "civic_os_identity.codes.sid": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"uuid"},
   "civic_os_identity.codes.used_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":8,"type":"timestamp with time zone"},
   "civic_os_identity.links.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":4,"type":"timestamp with time zone"},
   "civic_os_identity.links.expires_at": {"default":null,"generated":null,"identity":null,"not_null":true,"position":5,"type":"timestamp with time zone"},
   "civic_os_identity.links.person_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"uuid"},
   "civic_os_identity.links.purpose": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"text"},
   "civic_os_identity.links.token_hash": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"text"},
   "civic_os_identity.people.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":14,"type":"timestamp with time zone"},
   "civic_os_identity.people.email": {"default":null,"generated":null,"identity":null,"not_null":false,"position":3,"type":"text"},
   "civic_os_identity.people.enabled": {"default":"true","generated":null,"identity":null,"not_null":true,"position":9,"type":"boolean"},
   "civic_os_identity.people.family_name": {"default":"''::text","generated":null,"identity":null,"not_null":true,"position":5,"type":"text"},
   "civic_os_identity.people.given_name": {"default":"''::text","generated":null,"identity":null,"not_null":true,"position":4,"type":"text"},
   "civic_os_identity.people.id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "civic_os_identity.people.last_sign_in_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":15,"type":"timestamp with time zone"},
   "civic_os_identity.people.password_changed_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":8,"type":"timestamp with time zone"},
   "civic_os_identity.people.password_hash": {"default":null,"generated":null,"identity":null,"not_null":false,"position":7,"type":"text"},
   "civic_os_identity.people.phone_number": {"default":null,"generated":null,"identity":null,"not_null":false,"position":6,"type":"text"},
   "civic_os_identity.people.recovery_codes": {"default":"'{}'::text[]","generated":null,"identity":null,"not_null":true,"position":13,"type":"text[]"},
   "civic_os_identity.people.totp_confirmed_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":11,"type":"timestamp with time zone"},
   "civic_os_identity.people.totp_last_step": {"default":null,"generated":null,"identity":null,"not_null":false,"position":12,"type":"bigint"},
   "civic_os_identity.people.totp_secret": {"default":null,"generated":null,"identity":null,"not_null":false,"position":10,"type":"text"},
   "civic_os_identity.people.username": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "civic_os_identity.person_roles.person_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "civic_os_identity.person_roles.role_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"smallint"},
   "civic_os_identity.seal.is_only": {"default":"true","generated":null,"identity":null,"not_null":true,"position":1,"type":"boolean"},
   "civic_os_identity.seal.secret": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "civic_os_identity.sessions.address": {"default":"''::text","generated":null,"identity":null,"not_null":true,"position":6,"type":"text"},
   "civic_os_identity.sessions.browser": {"default":"''::text","generated":null,"identity":null,"not_null":true,"position":7,"type":"text"},
   "civic_os_identity.sessions.cookie_hash": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "civic_os_identity.sessions.last_used_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":5,"type":"timestamp with time zone"},
   "civic_os_identity.sessions.person_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"uuid"},
   "civic_os_identity.sessions.sid": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "civic_os_identity.sessions.signed_in_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":4,"type":"timestamp with time zone"},
   "civic_os_identity.signing_keys.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":3,"type":"timestamp with time zone"},
   "civic_os_identity.signing_keys.is_first": {"default":"false","generated":null,"identity":null,"not_null":true,"position":5,"type":"boolean"},
   "civic_os_identity.signing_keys.kid": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"text"},
   "civic_os_identity.signing_keys.private_key": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "civic_os_identity.signing_keys.signs_from": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":4,"type":"timestamp with time zone"},
   "civic_os_identity.token_families.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":5,"type":"timestamp with time zone"},
   "civic_os_identity.token_families.generation": {"default":"0","generated":null,"identity":null,"not_null":true,"position":4,"type":"bigint"},
   "civic_os_identity.token_families.id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "civic_os_identity.token_families.scope": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"text"},
   "civic_os_identity.token_families.sid": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"uuid"}
  },
  "constraints": {
   "civic_os_identity.attempts.attempts_pkey": {"definition":"PRIMARY KEY (name_hash)","kind":"primary key"},
   "civic_os_identity.codes.codes_pkey": {"definition":"PRIMARY KEY (code_hash)","kind":"primary key"},
   "civic_os_identity.codes.codes_sid_fkey": {"definition":"FOREIGN KEY (sid) REFERENCES civic_os_identity.sessions(sid) ON DELETE CASCADE","kind":"foreign key"},
   "civic_os_identity.links.links_person_id_fkey": {"definition":"FOREIGN KEY (person_id) REFERENCES civic_os_identity.people(id) ON DELETE CASCADE","kind":"foreign key"},
   "civic_os_identity.links.links_pkey": {"definition":"PRIMARY KEY (token_hash)","kind":"primary key"},
   "civic_os_identity.links.links_purpose": {"definition":"CHECK ((purpose = ANY (ARRAY['invitation'::text, 'reset'::text])))","kind":"check"},
   "civic_os_identity.people.people_email_length": {"definition":"CHECK (((char_length(email) >= 3) AND (char_length(email) <= 320)))","kind":"check"},
   "civic_os_identity.people.people_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "civic_os_identity.people.people_username_length": {"definition":"CHECK (((char_length(username) >= 1) AND (char_length(username) <= 200)))","kind":"check"},
   "civic_os_identity.person_roles.person_roles_person_id_fkey": {"definition":"FOREIGN KEY (person_id) REFERENCES civic_os_identity.people(id) ON DELETE CASCADE","kind":"foreign key"},
   "civic_os_identity.person_roles.person_roles_pkey": {"definition":"PRIMARY KEY (person_id, role_id)","kind":"primary key"},
   "civic_os_identity.person_roles.person_roles_role_id_fkey": {"definition":"FOREIGN KEY (role_id) REFERENCES metadata.roles(id) ON DELETE CASCADE","kind":"foreign key"},
   "civic_os_identity.seal.seal_is_only": {"definition":"CHECK (is_only)","kind":"check"},
   "civic_os_identity.seal.seal_pkey": {"definition":"PRIMARY KEY (is_only)","kind":"primary key"},
   "civic_os_identity.sessions.sessions_cookie_hash_key": {"definition":"UNIQUE (cookie_hash)","kind":"unique"},
   "civic_os_identity.sessions.sessions_person_id_fkey": {"definition":"FOREIGN KEY (person_id) REFERENCES civic_os_identity.people(id) ON DELETE CASCADE","kind":"foreign key"},
   "civic_os_identity.sessions.sessions_pkey": {"definition":"PRIMARY KEY (sid)","kind":"primary key"},
   "civic_os_identity.signing_keys.signing_keys_pkey": {"definition":"PRIMARY KEY (kid)","kind":"primary key"},
   "civic_os_identity.token_families.token_families_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "civic_os_identity.token_families.token_families_sid_fkey": {"definition":"FOREIGN KEY (sid) REFERENCES civic_os_identity.sessions(sid) ON DELETE CASCADE","kind":"foreign key"}
  },
  "function_bodies": {
   "civic_os_identity.begin_attempt(text, text, integer, integer)": {"hash":"32afb101ebe4c003fb84d965e63bd890"},
   "civic_os_identity.follow_roles()": {"hash":"fec07cdbacd3041b0ab1f72686ca7d74"}
  },
  "function_grants": {
   "civic_os_identity.begin_attempt(text, text, integer, integer) TO civic_os_identity": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "civic_os_identity.begin_attempt(text, text, integer, integer)": {"arguments":[{"mode":"in","name":"account_hash","type":"text","default":null},{"mode":"in","name":"address_hash","type":"text","default":null},{"mode":"in","name":"free_for_account","type":"integer","default":null},{"mode":"in","name":"free_for_address","type":"integer","default":null}],"kind":"function","language":"plpgsql","returns":"double precision","returns_columns":[],"returns_set":false,"security_definer":false,"settings":["search_path=pg_catalog"],"strict":false,"volatility":"volatile"},
   "civic_os_identity.follow_roles()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"volatile"}
  },
  "indexes": {
   "civic_os_identity.attempts.attempts_last_at_idx": {"definition":"civic_os_identity.attempts USING btree (last_at)","unique":false},
   "civic_os_identity.codes.codes_sid_idx": {"definition":"civic_os_identity.codes USING btree (sid)","unique":false},
   "civic_os_identity.links.links_person_id_idx": {"definition":"civic_os_identity.links USING btree (person_id)","unique":false},
   "civic_os_identity.people.people_email_key": {"definition":"civic_os_identity.people USING btree (lower(email))","unique":true},
   "civic_os_identity.people.people_username_key": {"definition":"civic_os_identity.people USING btree (lower(username))","unique":true},
   "civic_os_identity.person_roles.person_roles_role_id_idx": {"definition":"civic_os_identity.person_roles USING btree (role_id)","unique":false},
   "civic_os_identity.sessions.sessions_person_id_idx": {"definition":"civic_os_identity.sessions USING btree (person_id)","unique":false},
   "civic_os_identity.signing_keys.signing_keys_is_first": {"definition":"civic_os_identity.signing_keys USING btree (is_first) WHERE is_first","unique":true},
   "civic_os_identity.token_families.token_families_sid_idx": {"definition":"civic_os_identity.token_families USING btree (sid)","unique":false}
  },
  "roles": {
   "civic_os_identity": {"bypass_rls":false,"inherit":true,"login":false,"settings":[],"superuser":false}
  },
  "row_security": {
   "civic_os_identity.attempts": {"enabled":false,"forced":false},
   "civic_os_identity.codes": {"enabled":false,"forced":false},
   "civic_os_identity.links": {"enabled":false,"forced":false},
   "civic_os_identity.people": {"enabled":false,"forced":false},
   "civic_os_identity.person_roles": {"enabled":false,"forced":false},
   "civic_os_identity.seal": {"enabled":false,"forced":false},
   "civic_os_identity.sessions": {"enabled":false,"forced":false},
   "civic_os_identity.signing_keys": {"enabled":false,"forced":false},
   "civic_os_identity.token_families": {"enabled":false,"forced":false}
  },
  "schema_grants": {
   "civic_os_identity TO civic_os_identity": {"privileges":["USAGE"]},
   "metadata TO civic_os_identity": {"privileges":["USAGE"]}
  },
  "schemas": {
   "civic_os_identity": {}
  },
  "table_grants": {
   "civic_os_identity.accounts TO civic_os_identity": {"privileges":["SELECT"]},
   "civic_os_identity.attempts TO civic_os_identity": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "civic_os_identity.codes TO civic_os_identity": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "civic_os_identity.links TO civic_os_identity": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "civic_os_identity.people TO civic_os_identity": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "civic_os_identity.person_roles TO civic_os_identity": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "civic_os_identity.seal TO civic_os_identity": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "civic_os_identity.sessions TO civic_os_identity": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "civic_os_identity.signing_keys TO civic_os_identity": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "civic_os_identity.token_families TO civic_os_identity": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.roles TO civic_os_identity": {"privileges":["SELECT"]}
  },
  "tables": {
   "civic_os_identity.attempts": {"kind":"table","options":[],"persistence":"permanent"},
   "civic_os_identity.codes": {"kind":"table","options":[],"persistence":"permanent"},
   "civic_os_identity.links": {"kind":"table","options":[],"persistence":"permanent"},
   "civic_os_identity.people": {"kind":"table","options":[],"persistence":"permanent"},
   "civic_os_identity.person_roles": {"kind":"table","options":[],"persistence":"permanent"},
   "civic_os_identity.seal": {"kind":"table","options":[],"persistence":"permanent"},
   "civic_os_identity.sessions": {"kind":"table","options":[],"persistence":"permanent"},
   "civic_os_identity.signing_keys": {"kind":"table","options":[],"persistence":"permanent"},
   "civic_os_identity.token_families": {"kind":"table","options":[],"persistence":"permanent"}
  },
  "triggers": {
   "civic_os_identity.person_roles.user_roles_follow": {"columns":[],"enabled":"origin","events":["insert","delete"],"function":"civic_os_identity.follow_roles","level":"row","timing":"after","when":null}
  },
  "view_bodies": {
   "civic_os_identity.accounts": {"hash":"4690613f50c36f7f455728fb5849456c"}
  },
  "view_columns": {
   "civic_os_identity.accounts.created_at": {"position":12,"type":"timestamp with time zone"},
   "civic_os_identity.accounts.email": {"position":3,"type":"text"},
   "civic_os_identity.accounts.enabled": {"position":8,"type":"boolean"},
   "civic_os_identity.accounts.family_name": {"position":5,"type":"text"},
   "civic_os_identity.accounts.given_name": {"position":4,"type":"text"},
   "civic_os_identity.accounts.has_second_factor": {"position":10,"type":"boolean"},
   "civic_os_identity.accounts.id": {"position":1,"type":"uuid"},
   "civic_os_identity.accounts.invited_until": {"position":15,"type":"timestamp with time zone"},
   "civic_os_identity.accounts.last_sign_in_at": {"position":13,"type":"timestamp with time zone"},
   "civic_os_identity.accounts.password_hash": {"position":7,"type":"text"},
   "civic_os_identity.accounts.phone_number": {"position":6,"type":"text"},
   "civic_os_identity.accounts.recovery_codes_left": {"position":11,"type":"integer"},
   "civic_os_identity.accounts.roles": {"position":14,"type":"text[]"},
   "civic_os_identity.accounts.totp_secret": {"position":9,"type":"text"},
   "civic_os_identity.accounts.username": {"position":2,"type":"text"}
  },
  "views": {
   "civic_os_identity.accounts": {"accepts":["insert","update","delete"],"kind":"view","security_barrier":false,"security_invoker":true}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
