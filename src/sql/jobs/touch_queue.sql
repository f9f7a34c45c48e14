-- Registers a served queue and reads whether it is paused. $1 queue. Called by jobs::producer at start and every 10 minutes.
insert into metadata.river_queue as queue (name, metadata, updated_at)
values ($1::text, '{}', now())
on conflict (name) do update set updated_at = now()
returning queue.paused_at is not null
