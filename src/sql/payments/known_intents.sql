-- What we have of these intents and payments. $1 intents, $2 payments. Called by payments::reconcile.
select t.id, t.provider_payment_id, t.status
from payments.transactions t
where t.provider_payment_id = any ($1::text[]) or t.id = any ($2::uuid[])
