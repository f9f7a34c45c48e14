-- The end of a digest. $1 notifications in it, $2 status, $3 error or null, $4 ledger. Called by notifications::store.
with ledger as (
  update metadata.notification_deliveries d
  set state = r.state, reply = r.reply, finished_at = now()
  from jsonb_to_recordset($4::jsonb) as r (key text, state text, reply text)
  where d.key = r.key
),
gone as (
  delete from metadata.notification_digest_items i where i.notification_id = any ($1::bigint[])
)
update metadata.notifications n
set status = $2::text,
    sent_at = case when $2::text = 'sent' then now() else n.sent_at end,
    error_message = coalesce($3::text, n.error_message),
    channels_sent = case when $2::text = 'sent' then array['email'] else n.channels_sent end,
    channels_failed = case when $2::text = 'failed' then array['email'] else n.channels_failed end
where n.id = any ($1::bigint[])
