-- Deletes finished jobs after their keeping time: completed and cancelled 24 h, discarded 7 days (WORKERS.md §2.6). $1 batch size.
-- Called by jobs::maintenance::cleaner.
with gone as (
    delete from metadata.river_job
    where id in (
        select id
        from metadata.river_job
        where state in ('completed', 'cancelled') and finalized_at < now() - interval '24 hours'
           or state = 'discarded' and finalized_at < now() - interval '7 days'
        order by id
        limit $1::int
    )
    returning 1
)
select count(*) from gone
