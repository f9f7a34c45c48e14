-- Writes what the provider says about a refund. $1 our refund, $2 the provider's, $3 intent, $4 minor units, $5 status, $6 failure, $7 reason.
-- Called by payments::store.
select payments.record_refund($1::uuid, $2::text, $3::text, $4::bigint, $5::text, $6::text, $7::text)
