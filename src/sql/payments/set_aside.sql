-- Keeps an event that must not be applied, with the reason. $1 row of the inbox, $2 outcome, $3 reason. Called by payments::store.
update metadata.webhooks
set outcome = $2::text, error_message = $3::text, attempts = attempts + 1
where id = $1::uuid and not processed
returning 1
