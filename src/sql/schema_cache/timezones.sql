-- Names that `Prefer: timezone` accepts. Read by schema_cache::load.
select name from pg_catalog.pg_timezone_names
