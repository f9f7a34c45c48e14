-- seed metadata.roles: display_name in ('anonymous', 'user', 'editor', 'admin')
-- seed metadata.permissions: table_name in ('roles', 'permissions', 'permission_roles', 'civic_os_users_private', 'payment_transactions', 'payment_refunds')
-- seed metadata.permission_roles: role_id in (3, 4) and (permission_id <= 16 or permission_id in (select id from metadata.permissions where table_name = 'payment_transactions' and permission = 'update'))

drop function public.create_role(text, text);
drop function public.set_role_permission(smallint, text, text, boolean);
drop function public.get_role_permissions(smallint);
drop function public.get_roles();
drop function public.has_permission(text, text);
drop table metadata.permission_roles;
drop table metadata.permissions;
drop table metadata.roles;
drop type metadata.permission;
