-- Empties settings for this transaction. $1 text[]: full names. Run by db::settings before the pre-configuration function.
select pg_catalog.set_config(n.name, '', true)
  from pg_catalog.unnest($1::text[]) as n (name)
