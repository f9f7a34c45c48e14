-- Marks a batch of our runs as done; rows that were cancelled, rescued or taken by somebody else meanwhile stay as they are.
-- $1 ids, $2 when our attempts began (microseconds since 1970): an attempt's number may come back after a snooze or a hand-back, its beginning does not.
-- Called by jobs::completer and jobs::complete_in.
update metadata.river_job as job
set state = 'completed',
    finalized_at = clock_timestamp()
from unnest($1::bigint[], $2::bigint[]) as done (id, began)
where job.id = done.id
  and job.attempted_at = timestamptz 'epoch' + done.began * interval '1 microsecond'
  and job.state = 'running'
returning job.id
