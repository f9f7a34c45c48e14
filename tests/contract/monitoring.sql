-- Queries of the operator's manual of release 0.15, word for word. They must run as they stand (D-31).

SELECT id, user_id, amount, currency, status,
       stripe_payment_intent_id, created_at
FROM public.payment_transactions
WHERE created_at > NOW() - INTERVAL '1 hour'
ORDER BY created_at DESC;

SELECT id, provider, event_type, signature_verified,
       processed, created_at, error_message
FROM metadata.webhooks
WHERE created_at > NOW() - INTERVAL '1 hour'
ORDER BY created_at DESC;

SELECT event_type, COUNT(*) as failed_count,
       MAX(created_at) as last_failure
FROM metadata.webhooks
WHERE processed = FALSE AND error_message IS NOT NULL
GROUP BY event_type;

SELECT id, stripe_payment_intent_id, status FROM public.payment_transactions ORDER BY created_at DESC LIMIT 10;

SELECT id, kind, state, errors FROM metadata.river_job WHERE kind = 'create_payment_intent' ORDER BY created_at DESC LIMIT 10;
