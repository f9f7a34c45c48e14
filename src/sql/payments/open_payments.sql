-- Payments whose intent may have moved without our hearing of it. $1 seconds since the last change; at most 30 days back, then the
-- provider's events are the only source. Called by payments::reconcile.
select t.id
from payments.transactions t
where t.provider_payment_id is not null
    and t.status not in ('succeeded', 'canceled', 'pending_intent')
    and t.updated_at < now() - make_interval(secs => $1::float8)
    and t.updated_at > now() - interval '30 days'
order by t.updated_at
limit 1000
