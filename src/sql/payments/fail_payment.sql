-- The provider refused for good to make an intent. $1 id, $2 reason. Called by payments::store.
update payments.transactions
set status = 'failed', error_message = $2::text, updated_at = clock_timestamp()
where id = $1::uuid and status = 'pending_intent' and provider_payment_id is null
returning 1
