drop function public.validate_status_entity_type();
drop function public.get_status_entity_types();
drop function public.get_statuses_for_entity(text);
drop function public.get_initial_status(text);
drop view public.statuses;
drop table metadata.statuses;
drop table metadata.status_types;
