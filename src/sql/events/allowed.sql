-- Who the caller is to the database, and which of these tables of the exposed schema the caller may read. $1 schema, $2 names.
-- Runs as the caller. Called by events.
select
  public.current_user_id()::text,
  coalesce(
    (
      select jsonb_agg(c.relname)
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1::text
        and c.relname = any ($2::text[])
        and pg_catalog.has_table_privilege(c.oid, 'select')
    ),
    '[]'
  )
