-- Whether this connection is encrypted, and whether it leaves the machine. No parameters. One row. Called by
-- cli/doctor/safety.rs.
select coalesce((select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()), false),
       coalesce(inet_server_addr() <> inet_client_addr() and not inet_client_addr() << '127.0.0.0/8', false)
