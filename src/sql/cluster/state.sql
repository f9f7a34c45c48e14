-- What a private cluster already has.
-- Parameters: $1 database, $2 login of the pool. Caller: cluster::bootstrap.
select
  exists (select from pg_catalog.pg_database where datname = $1::text) as has_database,
  exists (select from pg_catalog.pg_roles where rolname = $2::text) as has_login,
  exists (select from pg_catalog.pg_available_extensions where name = 'postgis') as has_postgis
