-- What uploads need beyond the tables: announced sizes, the rules that a file has to obey, the check of files without a thumbnail, rights of the worker.

alter table metadata.file_upload_requests
  -- What `request_upload` announced: bound into the address, so that the store takes nothing else.
  add column file_size bigint constraint file_upload_requests_file_size_check check (file_size > 0),
  -- The property that the file is for; NULL: one of the entity's.
  add column property_name text;
create index idx_upload_requests_file on metadata.file_upload_requests (file_id);

-- The rules of each property of an entity that holds files: `[{"property":…,"types":…,"size":…}]`. A file has to obey those of one of them.
create function metadata.file_rules(p_entity_type text, p_property text)
returns jsonb
language sql
stable
security definer
set search_path = pg_catalog, public
as $$
  select coalesce(jsonb_agg(jsonb_build_object('property', a.attname, 'types', t.validation_value, 'size', s.validation_value)), '[]')
  from pg_constraint c
  join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
  left join metadata.validations t
    on t.table_name = p_entity_type and t.column_name = a.attname and t.validation_type = 'fileType'
  left join metadata.validations s
    on s.table_name = p_entity_type and s.column_name = a.attname and s.validation_type = 'maxFileSize'
  where c.contype = 'f'
    and c.confrelid = 'metadata.files'::regclass
    and c.conrelid = to_regclass(format('public.%I', p_entity_type))
    and cardinality(c.conkey) = 1
    and (p_property is null or a.attname = p_property)
$$;

-- Like `request_upload_url`, with the size that the upload will have, and the property that it is for.
create function public.request_upload(
  p_entity_type text,
  p_entity_id text,
  p_file_name text,
  p_file_type text,
  p_file_size bigint,
  p_property text default null
)
returns uuid
language sql
security definer
set search_path = pg_catalog, public
as $$
  insert into metadata.file_upload_requests (entity_type, entity_id, file_name, file_type, file_size, property_name)
  values (p_entity_type, p_entity_id, p_file_name, p_file_type, p_file_size, p_property)
  returning id
$$;

-- Clients cut the key out of the address, still percent-encoded. The key is what the worker wrote into the request.
create function metadata.decode_file_key()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  new.s3_original_key := coalesce(
    (
      select q.s3_key
      from metadata.file_upload_requests q
      where q.file_id = new.id
        and position('/' || new.s3_bucket || '/' || new.s3_original_key || '?' in q.presigned_url) > 0
      limit 1
    ),
    new.s3_original_key
  );
  return new;
end
$$;

-- The name puts it before the guard, which compares the key.
create trigger decode_file_key_trigger
  before insert on metadata.files
  for each row
  when (new.s3_original_key like '%\%%')
  execute function metadata.decode_file_key();

-- Files with a thumbnail are checked when it is drawn; the others here.
create function metadata.insert_verify_job()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  insert into metadata.river_job (kind, args, queue, priority, max_attempts)
  values ('file_verify', jsonb_build_object('file_id', new.id::text), 'thumbnails', 1, 25);
  return new;
end
$$;

create trigger insert_verify_job_trigger
  after insert on metadata.files
  for each row
  when (new.thumbnail_status is distinct from 'pending' and new.thumbnail_status is distinct from 'completed')
  execute function metadata.insert_verify_job();

-- Whether the caller may read a file's bytes where those are private: by its record, whose row security decides. Runs with the caller's rights.
create function metadata.may_read_file(p_entity_type text, p_entity_id text, p_created_by uuid)
returns boolean
language plpgsql
stable
as $$
declare
  v_readable boolean;
begin
  if p_created_by = public.current_user_id() or public.is_admin() then
    return true;
  end if;
  if to_regclass(format('public.%I', p_entity_type)) is null then
    return false;
  end if;
  execute format('select exists (select from public.%I t where t.id::text = $1)', p_entity_type) into v_readable using p_entity_id;
  return v_readable;
exception
  when insufficient_privilege or undefined_column then return false;
end
$$;

grant select, update, delete on metadata.file_upload_requests to civic_os_worker;
grant select, update on metadata.files to civic_os_worker;
create policy "Workers sign and clean up" on metadata.file_upload_requests
  for all to civic_os_worker using (true) with check (true);
create policy "Workers draw thumbnails" on metadata.files
  for update to civic_os_worker using (true) with check (true);

revoke execute on function
  public.request_upload(text, text, text, text, bigint, text),
  metadata.file_rules(text, text),
  metadata.decode_file_key(),
  metadata.insert_verify_job()
from public;
grant execute on function public.request_upload(text, text, text, text, bigint, text) to authenticated;
grant execute on function metadata.file_rules(text, text) to civic_os_worker;
