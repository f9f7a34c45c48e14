-- Puts a message aside for the next digest. $1 notification, $2 person, $3 subject, $4 text, $5 entity type, $6 entity id.
-- Called by notifications::store.
with inbox as (
  insert into metadata.notification_inbox (notification_id, user_id, subject, body, entity_type, entity_id)
  values ($1::bigint, $2::uuid, $3::text, $4::text, $5::text, $6::text)
  on conflict (notification_id) do nothing
)
insert into metadata.notification_digest_items (notification_id, user_id, subject, body)
values ($1::bigint, $2::uuid, $3::text, $4::text)
on conflict (notification_id) do nothing
