-- Switches a channel off for whoever holds this token; the address that is switched off, or no row. $1 token. Called by notifications::store.
with holder as (
  select t.user_id, t.channel from metadata.notification_unsubscribe_tokens t where t.token = $1::uuid
)
insert into metadata.notification_preferences as p (user_id, channel, enabled)
select h.user_id, h.channel, false from holder h
on conflict (user_id, channel) do update set enabled = false, updated_at = now()
returning p.channel
