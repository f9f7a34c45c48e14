-- Writes into the ledger that a message is about to be sent; no row when it was sent before. $1 key, $2 notification or null, $3 channel,
-- $4 message id, $5 recipient. Called by notifications::store.
insert into metadata.notification_deliveries as d (key, notification_id, channel, state, message_id, recipient)
values ($1::text, $2::bigint, $3::text, 'sending', $4::text, $5::text)
on conflict (key) do update
set state = 'sending', attempts = d.attempts + 1, recipient = excluded.recipient, started_at = now(), reply = null, finished_at = null
where d.state <> 'sent'
returning d.message_id
