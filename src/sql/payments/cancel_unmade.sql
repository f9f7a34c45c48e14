-- Gives up a payment that has no intent. $1 id, $2 reason. Called by payments::store.
update payments.transactions
set status = 'canceled', error_message = $2::text, updated_at = clock_timestamp()
where id = $1::uuid and status in ('pending_intent', 'failed') and provider_payment_id is null
returning 1
