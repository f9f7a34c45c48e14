-- A kind's default: inserted once, an operator's row with this name wins. $1 name, $2 cron, $3 time zone, $4 kind, $5 args, $6 queue, $7 priority,
-- $8 max attempts, $9 missed. Called by jobs::periodic at start.
insert into metadata.periodic_jobs (name, cron, time_zone, kind, args, queue, priority, max_attempts, missed)
values ($1::text, $2::text, $3::text, $4::text, $5::jsonb, $6::text, $7::smallint, $8::smallint, $9::text)
on conflict (name) do nothing
