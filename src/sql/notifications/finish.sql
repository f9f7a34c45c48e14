-- The end of a run of send_notification: the ledger, what the client shows and the notification itself, at once. $1 notification, $2 status,
-- $3 error or null, $4 and $5 channels, $6 subject and $7 text or null, $8 person, $9 entity type, $10 entity id, $11 [{"key", "state", "reply"}].
-- Called by notifications::store.
with ledger as (
  update metadata.notification_deliveries d
  set state = r.state, reply = r.reply, finished_at = now()
  from jsonb_to_recordset($11::jsonb) as r (key text, state text, reply text)
  where d.key = r.key
),
inbox as (
  insert into metadata.notification_inbox (notification_id, user_id, subject, body, entity_type, entity_id)
  select $1::bigint, $8::uuid, $6::text, $7::text, $9::text, $10::text
  where $6::text is not null
  on conflict (notification_id) do nothing
)
update metadata.notifications n
set status = $2::text,
    sent_at = case when $2::text = 'sent' then now() else n.sent_at end,
    error_message = coalesce($3::text, n.error_message),
    channels_sent = nullif($4::text[], '{}'),
    channels_failed = nullif($5::text[], '{}')
where n.id = $1::bigint
