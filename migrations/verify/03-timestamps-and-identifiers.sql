-- What 03-timestamps-and-identifiers makes.
select pg_temp.expect($facts$
{
 "categories": {
  "function_bodies": {
   "public.set_created_at()": {"hash":"92f19160e1d8efa3d78742b1a5fd7af4"},
   "public.set_updated_at()": {"hash":"9cd5ec4496cf5a9c5a108e23d2551d06"},
   "public.uuid_generate_v7()": {"hash":"6c3ff5823e471a1b8345d4fccdd8be36"}
  },
  "function_grants": {
   "public.set_created_at() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.set_updated_at() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.uuid_generate_v7() TO PUBLIC": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "public.set_created_at()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"volatile"},
   "public.set_updated_at()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"volatile"},
   "public.uuid_generate_v7()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"uuid","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"volatile"}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
