-- seed metadata.notification_templates: name in ('payment_succeeded', 'payment_refunded')

drop function public.cleanup_old_validation_results();
drop function public.get_preview_results(uuid);
drop function public.get_validation_results(uuid);
drop function public.preview_template_parts(uuid, text, text, text, text, jsonb);
drop function public.validate_template_parts(uuid, text, text, text, text);
drop function public.create_notification(uuid, varchar, varchar, varchar, jsonb, text[]);
drop trigger create_default_notification_preferences_trigger on metadata.civic_os_users_private;
drop function public.create_default_notification_preferences();
drop view public.notification_preferences;
drop view public.notification_templates;
drop table metadata.template_part_validation_results;
drop table metadata.template_validation_results;
drop table metadata.notifications;
drop table metadata.notification_preferences;
drop table metadata.notification_templates;
drop function public.enqueue_notification_job();
drop function metadata.guard_preference_write();
drop function metadata.guard_template_write();
