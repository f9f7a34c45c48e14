-- The roles stay: they belong to the whole cluster, and other databases may use them.

drop schema payments;
drop schema metadata;
revoke usage on schema public from web_anon, authenticated;

-- Extensions that were there before, or belong to a superuser, may have to stay; nothing is lost either way.
do $$ begin
  drop extension if exists postgis;
exception when insufficient_privilege then
  raise warning 'extension postgis stays: %', sqlerrm;
end $$;
do $$ begin
  drop schema if exists postgis;
exception when insufficient_privilege or dependent_objects_still_exist then
  raise warning 'schema postgis stays: %', sqlerrm;
end $$;
do $$ begin
  drop extension if exists btree_gist;
exception when insufficient_privilege then
  raise warning 'extension btree_gist stays: %', sqlerrm;
end $$;
do $$ begin
  drop extension if exists pgcrypto;
exception when insufficient_privilege then
  raise warning 'extension pgcrypto stays: %', sqlerrm;
end $$;
