-- Writes what the provider says about an intent. $1 payment, $2 intent, $3 client secret, $4 our state, $5 the provider's, $6 captured,
-- $7 error, $8 live mode, $9 version of the row before asking. Called by payments::store.
select payments.record_intent(
    $1::uuid, $2::text, $3::text, $4::text, $5::text, $6::numeric, $7::text, $8::boolean, null, $9::integer, now() + interval '7 days'
)
