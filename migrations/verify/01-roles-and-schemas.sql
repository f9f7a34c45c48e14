-- What 01-roles-and-schemas makes.
select pg_temp.expect($facts$
{
 "categories": {
  "extensions": {
   "btree_gist": {"schema":"public"},
   "pgcrypto": {"schema":"public"}
  },
  "roles": {
   "authenticated": {"bypass_rls":false,"inherit":true,"login":false,"settings":["search_path=public, postgis"],"superuser":false},
   "authenticator": {"bypass_rls":false,"inherit":false,"login":true,"superuser":false},
   "web_anon": {"bypass_rls":false,"inherit":true,"login":false,"settings":["search_path=public, postgis"],"superuser":false}
  },
  "schema_grants": {
   "metadata TO authenticated": {"privileges":["USAGE"]},
   "metadata TO web_anon": {"privileges":["USAGE"]},
   "payments TO authenticated": {"privileges":["USAGE"]},
   "postgis TO PUBLIC": {"privileges":["USAGE"]},
   "public TO authenticated": {"privileges":["USAGE"]},
   "public TO web_anon": {"privileges":["USAGE"]}
  },
  "schemas": {
   "metadata": {},
   "payments": {},
   "postgis": {}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
