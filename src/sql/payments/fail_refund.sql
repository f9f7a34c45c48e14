-- The provider refused a refund for good. $1 id, $2 reason. Called by payments::store.
update payments.refunds
set status = 'failed', error_message = $2::text, processed_at = now()
where id = $1::uuid and status = 'pending' and provider_refund_id is null
returning 1
