-- A payment as the jobs need it. $1 id. Called by payments::store.
select t.id, t.user_id, t.amount, t.currency, t.status, t.description, t.entity_type, t.entity_id, t.entity_column, t.provider_payment_id,
    t.capture_method = 'manual', t.ledger_version, t.amount_captured, extract(epoch from t.created_at)::bigint
from payments.transactions t
where t.id = $1::uuid
