drop function public.is_admin();
drop function public.get_user_roles();
drop function public.check_jwt();
drop function public.current_user_phone();
drop function public.current_user_name();
drop function public.current_user_email();
drop function public.current_user_id();
