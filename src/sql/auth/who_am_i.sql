-- What the database makes of a request's identity, after check_jwt. One row, all columns as text; no parameters.
-- Called by auth/who_am_i.rs.
select current_user::text as role,
       array_to_json(public.get_user_roles())::text as roles,
       public.is_admin()::text as is_admin,
       (select coalesce(json_agg(json_build_object(
                 'table', e.table_name, 'select', e."select", 'insert', e."insert",
                 'update', e."update", 'delete', e."delete") order by e.table_name), '[]')
          from public.schema_entities e)::text as permissions;
