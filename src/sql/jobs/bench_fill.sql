-- Inserts jobs that do nothing. $1 kind and queue, $2 how many. Called by jobs::benchmark.
insert into metadata.river_job (kind, args, queue, max_attempts)
select $1::text, '{}', $1::text, 25
from generate_series(1, $2::int)
