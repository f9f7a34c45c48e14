-- Marks a batch of our runs as done; rows that were cancelled, rescued or taken by somebody else meanwhile stay as they are.
-- $1 ids, $2 the attempt that was ours. Called by jobs::completer.
update metadata.river_job as job
set state = 'completed',
    finalized_at = clock_timestamp()
from unnest($1::bigint[], $2::smallint[]) as done (id, attempt)
where job.id = done.id
  and job.attempt = done.attempt
  and job.state = 'running'
returning job.id
