drop function public.uuid_generate_v7();
drop function public.set_updated_at();
drop function public.set_created_at();
