-- Enqueues one digest per person whose time it is. $1 hour of the day in the instance's zone. Called by notifications::store.
insert into metadata.river_job (kind, args, queue, priority, max_attempts)
select 'send_digest', jsonb_build_object('user_id', waiting.user_id), 'notifications', 3, 5
from (select distinct i.user_id from metadata.notification_digest_items i) waiting
left join metadata.notification_digests d on d.user_id = waiting.user_id and d.channel = 'email'
where (d.frequency is distinct from 'daily' or d.hour = $1::smallint)
  and not exists (
    select from metadata.river_job j
    where j.kind = 'send_digest' and j.args @> jsonb_build_object('user_id', waiting.user_id) and j.finalized_at is null
  )
returning id
