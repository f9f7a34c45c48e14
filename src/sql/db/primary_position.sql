-- How far the primary has come, in bytes of the log. No parameters. One row. Called by db/replica.rs.
select (pg_catalog.pg_current_wal_lsn() - '0/0'::pg_lsn)::int8
