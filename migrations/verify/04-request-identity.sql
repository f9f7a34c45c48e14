-- What 04-request-identity makes.
select pg_temp.expect($facts$
{
 "categories": {
  "function_bodies": {
   "public.check_jwt()": {"hash":"a21c52b39a86895f54611e65e6b5e4d2"},
   "public.current_user_email()": {"hash":"83268db4b5f11df7c1e45933bad73335"},
   "public.current_user_id()": {"hash":"ff014c2f283789128fd9af9f44addc85"},
   "public.current_user_name()": {"hash":"965a2085cee4eb4a614a56b54146c6f8"},
   "public.current_user_phone()": {"hash":"b03339a45906ccfa8f2f49285c62dbf0"},
   "public.get_user_roles()": {"hash":"c75ce1b3fa18ae0844975676dc276cde"},
   "public.is_admin()": {"hash":"0f88ceda77a2db7edab638f0c9a61382"}
  },
  "function_grants": {
   "public.check_jwt() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.current_user_email() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.current_user_id() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.current_user_name() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.current_user_phone() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.get_user_roles() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.get_user_roles() TO authenticated": {"privileges":["EXECUTE"]},
   "public.get_user_roles() TO web_anon": {"privileges":["EXECUTE"]},
   "public.is_admin() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.is_admin() TO authenticated": {"privileges":["EXECUTE"]},
   "public.is_admin() TO web_anon": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "public.check_jwt()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"void","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"volatile"},
   "public.current_user_email()": {"arguments":[],"kind":"function","language":"sql","returns":"text","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"stable"},
   "public.current_user_id()": {"arguments":[],"kind":"function","language":"sql","returns":"uuid","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"stable"},
   "public.current_user_name()": {"arguments":[],"kind":"function","language":"sql","returns":"text","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"stable"},
   "public.current_user_phone()": {"arguments":[],"kind":"function","language":"sql","returns":"text","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"stable"},
   "public.get_user_roles()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"text[]","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"stable"},
   "public.is_admin()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"boolean","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=pg_catalog, public"],"strict":false,"volatility":"stable"}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
