-- Deletes what the benchmark left. $1 kind, $2 batch size. Called by jobs::benchmark.
with gone as (
    delete from metadata.river_job
    where id in (select id from metadata.river_job where kind = $1::text limit $2::int)
    returning 1
)
select count(*) from gone
