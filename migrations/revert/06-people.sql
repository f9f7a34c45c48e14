drop function public.refresh_current_user();
drop function public.has_role(uuid, text);
drop function public.format_public_display_name(text);
drop view public.civic_os_users;
drop table metadata.user_roles;
drop table metadata.civic_os_users_private;
drop table metadata.civic_os_users;
