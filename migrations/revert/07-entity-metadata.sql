-- seed metadata.properties: table_name = 'files' and column_name = 'created_by'

drop function public.update_property_sort_order(name, name, integer);
drop function public.upsert_property_metadata(
  name, name, text, text, integer, integer, boolean, boolean, boolean, boolean, boolean, boolean
);
drop function public.update_entity_sort_order(name, integer);
drop function public.upsert_entity_metadata(name, text, text, integer, text[], boolean, text, boolean, text, text);
drop view public.constraint_messages;
drop table metadata.constraint_messages;
drop table metadata.validations;
drop table metadata.properties;
drop table metadata.entities;
