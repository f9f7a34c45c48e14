-- A template by name and the suppressed ones of these addresses. $1 name, $2 addresses in lower case. Called by notifications::store.
select row_to_json(found)
from (
  select
    (
      select row_to_json(t)
      from (
        select subject_template as subject, html_template as html, text_template as text, sms_template as sms
        from metadata.notification_templates
        where name = $1::text
      ) t
    ) as template,
    (
      select coalesce(jsonb_agg(s.address), '[]')
      from metadata.notification_suppressions s
      where s.channel = 'email' and s.address = any ($2::text[])
    ) as suppressed
) found
