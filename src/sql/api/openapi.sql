-- What a role may see of a schema, for the OpenAPI document.
-- Parameters: $1 schema, $2 whether only what the role may touch is listed.
-- Called by: api::response::openapi, as the role of the request. Columns as every statement of the API gives them.
select
  null::text,
  1::bigint,
  pg_catalog.json_build_object(
    'comment', pg_catalog.obj_description(n.oid, 'pg_namespace'),
    'relations', (
      select coalesce(pg_catalog.json_agg(c.relname), '[]')
      from pg_catalog.pg_class as c
      where c.relnamespace = n.oid
        and c.relkind in ('r', 'v', 'm', 'f', 'p')
        and (
          not $2::boolean
          or pg_catalog.has_table_privilege(c.oid, 'select, insert, update, delete, truncate, references, trigger')
          or pg_catalog.has_any_column_privilege(c.oid, 'select, insert, update, references')
        )
    ),
    'functions', (
      select coalesce(pg_catalog.json_agg(p.proname), '[]')
      from pg_catalog.pg_proc as p
      where p.pronamespace = n.oid
        and (not $2::boolean or pg_catalog.has_function_privilege(p.oid, 'execute'))
    )
  )::text,
  nullif(pg_catalog.current_setting('response.headers', true), ''),
  nullif(pg_catalog.current_setting('response.status', true), '')
from pg_catalog.pg_namespace as n
where n.nspname = $1::text
