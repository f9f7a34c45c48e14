-- First transaction of an event: it is kept before anything looks into it. A row that is there already is answered as it is; no row at all
-- means that another process is storing the same event at this moment. $1 event id, $2 type, $3 payload as it came, $4 live mode.
-- Called by payments::store.
with new as (
    insert into metadata.webhooks (provider, provider_event_id, event_type, payload, signature_verified, livemode)
    values ('stripe', $1::text, $2::text, $3::jsonb, true, $4::boolean)
    on conflict (provider, provider_event_id) do nothing
    returning id
)
select id, true, false from new
union all
select w.id, false, w.processed or w.outcome = 'livemode'
from metadata.webhooks w
where w.provider = 'stripe' and w.provider_event_id = $1::text and not exists (select from new)
