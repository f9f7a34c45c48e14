-- Whether this is a standby, and how far it has come, in bytes of the log. No parameters. One row. Called by db/replica.rs.
select pg_catalog.pg_is_in_recovery(),
       (coalesce(pg_catalog.pg_last_wal_replay_lsn(), '0/0') - '0/0'::pg_lsn)::int8
