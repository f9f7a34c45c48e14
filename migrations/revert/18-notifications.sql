drop view public.notification_batches;
drop function metadata.batch_progress();
drop function metadata.send_email(text[], varchar, varchar, varchar, jsonb, text[], text);
drop function public.notify_role(text, varchar, varchar, varchar, jsonb, text[]);
drop function metadata.notify_users(uuid[], varchar, varchar, varchar, jsonb, text[], text);
-- Tables that an application had watched lose only that.
do $$
declare
  v_table regclass;
begin
  for v_table in select t.tgrelid::regclass from pg_catalog.pg_trigger t where t.tgname = 'civic_os_tell_change' loop
    execute format('drop trigger civic_os_tell_change on %s', v_table);
  end loop;
end
$$;
drop function metadata.watch_table(regclass);
drop function metadata.tell_table_changed();
drop view public.notification_suppressions;
drop view public.notification_digests;
drop function public.mark_notifications_read(bigint[]);
drop view public.my_notifications;
drop table metadata.notification_batch_members;
drop table metadata.notification_batches;
drop table metadata.notification_unsubscribe_tokens;
drop table metadata.notification_suppressions;
drop table metadata.notification_digest_items;
drop table metadata.notification_digests;
drop table metadata.notification_inbox;
drop function metadata.tell_notification_inbox();
drop table metadata.notification_deliveries;
drop policy "Workers deliver" on metadata.notifications;
drop policy "Workers deliver" on metadata.notification_preferences;
drop policy "Workers deliver" on metadata.template_validation_results;
drop policy "Workers deliver" on metadata.template_part_validation_results;
drop policy "Workers read templates" on metadata.notification_templates;
drop policy "Workers read addresses" on metadata.civic_os_users_private;
revoke all on
  metadata.notifications, metadata.notification_templates, metadata.notification_preferences,
  metadata.civic_os_users, metadata.civic_os_users_private, metadata.template_validation_results,
  metadata.template_part_validation_results
from civic_os_worker;
revoke usage on sequence metadata.template_part_validation_results_id_seq from civic_os_worker;
