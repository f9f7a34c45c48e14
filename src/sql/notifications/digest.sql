-- One person's digest, as one document. $1 person. Called by notifications::store.
select row_to_json(found)
from (
  select
    coalesce(pe.enabled, true) as email_enabled,
    coalesce(pe.email_address, private.email) as email,
    private.display_name as name,
    (
      select s.reason
      from metadata.notification_suppressions s
      where s.channel = 'email' and s.address = lower(coalesce(pe.email_address, private.email))
    ) as email_suppressed,
    (select t.token from metadata.notification_unsubscribe_tokens t where t.user_id = $1::uuid and t.channel = 'email')
      as unsubscribe_token,
    (
      select coalesce(jsonb_agg(row_to_json(i) order by i.notification_id), '[]')
      from (
        select notification_id, subject, body
        from metadata.notification_digest_items
        where user_id = $1::uuid
        order by notification_id
        limit 200
      ) i
    ) as items
  from metadata.civic_os_users_private private
  left join metadata.notification_preferences pe on pe.user_id = private.id and pe.channel = 'email'
  where private.id = $1::uuid
) found
