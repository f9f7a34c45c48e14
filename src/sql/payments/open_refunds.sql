-- Refunds that wait longer than they should. $1 seconds. Called by payments::reconcile.
select f.id, f.transaction_id, t.provider_payment_id, f.provider_refund_id is not null,
    (f.amount * payments.minor_unit_factor(t.currency))::bigint
from payments.refunds f
join payments.transactions t on t.id = f.transaction_id
where f.status = 'pending' and f.created_at < now() - make_interval(secs => $1::float8)
order by f.created_at
limit 1000
