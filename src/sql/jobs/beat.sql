-- Says that this process lives. $1 client id, $2 roles, $3 host, $4 pid, $5 version. Called by jobs::heartbeat.
insert into metadata.job_processes (client_id, roles, host, pid, version, started_at, last_seen_at)
values ($1::text, $2::text[], $3::text, $4::int, $5::text, now(), clock_timestamp())
on conflict (client_id) do update set last_seen_at = clock_timestamp()
