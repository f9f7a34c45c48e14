-- Which of these refunds are in the ledger with this word. $1 the provider's ids. Called by payments::reconcile.
select f.provider_refund_id, f.provider_status
from payments.refunds f
where f.provider_refund_id = any ($1::text[])
