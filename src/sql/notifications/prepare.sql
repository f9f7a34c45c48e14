-- What a run of send_notification has to know, as one document. $1 notification, $2 person, $3 template. Called by notifications::store.
with token as (
  insert into metadata.notification_unsubscribe_tokens (user_id, channel)
  select u.id, 'email'
  from metadata.civic_os_users u
  where u.id = $2::uuid
    and not exists (
      select from metadata.notification_unsubscribe_tokens t where t.user_id = $2::uuid and t.channel = 'email'
    )
  on conflict do nothing
  returning token
)
select row_to_json(found)
from (
  select
    n.status,
    extract(epoch from now() - n.created_at)::float8 as age,
    'n' || n.id || '.' || left(md5(extract(epoch from n.created_at)::text || n.id), 16) as message_id,
    (
      select row_to_json(t)
      from (
        select subject_template as subject, html_template as html, text_template as text, sms_template as sms
        from metadata.notification_templates
        where name = $3::text
      ) t
    ) as template,
    exists (select from metadata.civic_os_users u where u.id = $2::uuid) as has_person,
    coalesce(pe.enabled, true) as email_enabled,
    coalesce(pe.email_address, private.email) as email,
    private.display_name as name,
    coalesce(ps.enabled, false) as sms_enabled,
    coalesce(ps.phone_number, private.phone) as phone,
    coalesce(digest.frequency, 'immediate') as frequency,
    coalesce(
      (select t.token from token t),
      (select t.token from metadata.notification_unsubscribe_tokens t where t.user_id = $2::uuid and t.channel = 'email')
    ) as unsubscribe_token,
    (
      select s.reason
      from metadata.notification_suppressions s
      where s.channel = 'email' and s.address = lower(coalesce(pe.email_address, private.email))
    ) as email_suppressed,
    (select coalesce(jsonb_object_agg(d.channel, d.state), '{}') from metadata.notification_deliveries d where d.notification_id = n.id)
      as deliveries
  from metadata.notifications n
  left join metadata.civic_os_users_private private on private.id = $2::uuid
  left join metadata.notification_preferences pe on pe.user_id = $2::uuid and pe.channel = 'email'
  left join metadata.notification_preferences ps on ps.user_id = $2::uuid and ps.channel = 'sms'
  left join metadata.notification_digests digest on digest.user_id = $2::uuid and digest.channel = 'email'
  where n.id = $1::bigint
) found
