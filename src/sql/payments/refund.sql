-- A refund with its payment. $1 id. Called by payments::store.
select f.id, f.amount, f.reason, f.status, f.provider_refund_id, t.id, t.currency, t.provider_payment_id,
    extract(epoch from now() - f.created_at)::bigint
from payments.refunds f
join payments.transactions t on t.id = f.transaction_id
where f.id = $1::uuid
