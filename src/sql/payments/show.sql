-- All that is known of a payment, by its id, an intent's, a refund's or an event's; without client secret. $1 the id. Called by payments::store.
with wanted as (
    select t.*
    from payments.transactions t
    where t.id::text = $1::text
        or t.provider_payment_id = $1::text
        or t.id in (select f.transaction_id from payments.refunds f where f.id::text = $1::text or f.provider_refund_id = $1::text)
        or t.provider_payment_id in (
            select coalesce(w.payload #>> '{data,object,payment_intent}', w.payload #>> '{data,object,id}')
            from metadata.webhooks w
            where w.provider_event_id = $1::text
        )
    limit 1
)
select jsonb_build_object(
    'payment', to_jsonb(t) - 'provider_client_secret',
    'refunds', (select coalesce(jsonb_agg(to_jsonb(f) order by f.created_at), '[]') from payments.refunds f where f.transaction_id = t.id),
    'events', (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'id', w.provider_event_id, 'type', w.event_type, 'received_at', w.received_at, 'processed', w.processed, 'outcome', w.outcome,
                    'error_message', w.error_message
                )
                order by w.received_at
            ),
            '[]'
        )
        from metadata.webhooks w
        where w.provider = 'stripe'
            and (w.payload #>> '{data,object,id}' = t.provider_payment_id or w.payload #>> '{data,object,payment_intent}' = t.provider_payment_id)
    ),
    'jobs', (
        select coalesce(
            jsonb_agg(
                jsonb_build_object('id', j.id, 'kind', j.kind, 'state', j.state, 'attempt', j.attempt, 'errors', to_jsonb(coalesce(j.errors, '{}')))
                order by j.id
            ),
            '[]'
        )
        from metadata.river_job j
        where j.args ->> 'payment_id' = t.id::text
            or j.args ->> 'refund_id' in (select f.id::text from payments.refunds f where f.transaction_id = t.id)
    )
)
from wanted t
