-- A run that is no longer ours may still leave its notes (WORKERS.md §2.5). $1 id, $2 metadata to merge. Called by jobs::completer.
update metadata.river_job
set metadata = metadata || $2::jsonb
where id = $1::bigint
