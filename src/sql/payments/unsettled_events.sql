-- Events that were stored and not applied. $1 seconds since they came, $2 one event's id or null, $3 whether those that were set aside on
-- purpose are wanted too, $4 how many tries are enough. Called by payments::reconcile.
select w.id, w.provider_event_id, w.payload
from metadata.webhooks w
where w.provider = 'stripe'
    and ($2::text is not null or not w.processed)
    and ($2::text is null or w.provider_event_id = $2::text)
    and ($2::text is not null or w.received_at < now() - make_interval(secs => $1::float8))
    and ($2::text is not null or $3::boolean or (w.outcome is distinct from 'livemode' and w.attempts < $4::integer))
order by w.received_at
limit 1000
