drop view public.schema_cache_versions;
drop view public.schema_properties;
drop view public.schema_entities;
drop function public.schema_relations_func();
