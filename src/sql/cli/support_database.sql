-- What kind of server this is and how busy, as one JSON document; no statements and no rows of anybody. No parameters.
-- One row. Called by cli/support/collect.rs.
select jsonb_build_object(
  'version', version(),
  'database', current_database(),
  'size_bytes', pg_catalog.pg_database_size(current_database()),
  'is_standby', pg_catalog.pg_is_in_recovery(),
  'started_at', pg_catalog.pg_postmaster_start_time(),
  'settings', (select jsonb_object_agg(name, setting order by name)
                 from pg_catalog.pg_settings
                where name in ('max_connections', 'shared_buffers', 'work_mem', 'effective_cache_size', 'statement_timeout',
                  'idle_in_transaction_session_timeout', 'lock_timeout', 'wal_level', 'max_wal_senders', 'fsync',
                  'synchronous_commit', 'jit', 'autovacuum', 'TimeZone', 'server_encoding', 'ssl', 'row_security',
                  'max_locks_per_transaction', 'random_page_cost')),
  'extensions', (select jsonb_object_agg(extname, extversion order by extname) from pg_catalog.pg_extension),
  'sessions', (select jsonb_agg(to_jsonb(s) order by s.sessions desc)
                 from (select application_name, state, wait_event_type, count(*) as sessions,
                              extract(epoch from max(now() - xact_start))::int as longest_transaction_s
                         from pg_catalog.pg_stat_activity
                        where datname = current_database()
                        group by application_name, state, wait_event_type) s),
  'tables', (select jsonb_agg(to_jsonb(t) order by t.bytes desc)
               from (select schemaname || '.' || relname as "table", n_live_tup as rows, n_dead_tup as dead_rows,
                            last_autovacuum, last_autoanalyze, pg_catalog.pg_total_relation_size(relid) as bytes
                       from pg_catalog.pg_stat_user_tables
                      order by pg_catalog.pg_total_relation_size(relid) desc
                      limit 40) t)
)::text
