-- Uploaded files: requests for an upload address, the files themselves, and the jobs that sign addresses and draw
-- thumbnails.

create table metadata.file_upload_requests (
  id uuid default public.uuid_generate_v7() constraint file_upload_requests_pkey primary key,
  entity_type text not null,
  entity_id text not null,
  file_name text not null,
  file_type text not null,
  status text default 'pending'
    constraint file_upload_requests_status_check
    check (status = any (array['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text])),
  presigned_url text,
  s3_key text,
  file_id uuid,
  error_message text,
  created_at timestamptz not null default now(),
  -- Who may use the address and register the file (D-02). NULL: an anonymous upload, whose id is the only key to it.
  requested_by uuid default public.current_user_id()
);
create index idx_upload_requests_status on metadata.file_upload_requests (status, created_at);

create table metadata.files (
  id uuid default public.uuid_generate_v7() constraint files_pkey primary key,
  entity_type text not null,
  entity_id text not null,
  file_name text not null,
  file_type text not null,
  file_size integer not null,
  s3_key_prefix text generated always as ((((entity_type || '/'::text) || entity_id) || '/'::text) || id) stored,
  s3_original_key text not null,
  s3_thumbnail_small_key text,
  s3_thumbnail_medium_key text,
  s3_thumbnail_large_key text,
  thumbnail_status text default 'pending'
    constraint files_thumbnail_status_check
    check (
      thumbnail_status = any (
        array['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text, 'not_applicable'::text]
      )
    ),
  thumbnail_error text,
  created_by uuid constraint files_created_by_fkey references metadata.civic_os_users (id),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  s3_bucket varchar(255) not null default 'civic-os-files'
);
create index idx_files_entity on metadata.files (entity_type, entity_id);
create index idx_files_created on metadata.files (created_at desc);
create index idx_files_pending on metadata.files (thumbnail_status, created_at)
  where thumbnail_status = any (array['pending'::text, 'failed'::text]);

-- Whatever the client sent, the uploader is the caller.
create function public.set_file_created_by()
returns trigger
language plpgsql
as $$
begin
  new.created_by := public.current_user_id();
  return new;
end
$$;

create trigger set_file_created_by_trigger
  before insert on metadata.files
  for each row execute function public.set_file_created_by();

-- Anonymous uploads are off unless the configuration says otherwise (D-03): the API passes `files.anonymous_uploads` on
-- as this setting; `ALTER DATABASE … SET` works too.
create function metadata.anonymous_uploads()
returns boolean
language sql
stable
as $$
  select coalesce(current_setting('civic_os.anonymous_uploads', true), '') in ('true', 'on')
$$;
revoke execute on function metadata.anonymous_uploads() from public;

-- What upload functions ask first. Code of the owner without a request's claims is no anonymous caller: `role` still
-- tells inside definer functions who came in.
create function metadata.require_uploader()
returns void
language plpgsql
stable
as $$
begin
  if public.current_user_id() is null
    and (
      coalesce(current_setting('role', true), '') = 'web_anon'
      or coalesce(current_setting('request.jwt.claims', true), '') <> ''
    )
    and not metadata.anonymous_uploads()
  then
    raise exception 'Sign in to upload files' using errcode = 'insufficient_privilege';
  end if;
end
$$;
revoke execute on function metadata.require_uploader() from public;

-- W5 (D-02). The view below has owner rights, so row security does not reach statements through it; this trigger does.
-- It runs only where row security would: never for the owner and its definer functions, nor for our workers.
create function metadata.guard_file_write()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  if tg_op = 'INSERT' then
    -- Only what was really uploaded on an address that this person asked for.
    if exists (
      select
      from metadata.file_upload_requests q
      where q.file_id = new.id
        and q.s3_key = new.s3_original_key
        and (
          q.requested_by = public.current_user_id()
          or (q.requested_by is null and public.current_user_id() is null and metadata.anonymous_uploads())
        )
        and position('/' || new.s3_bucket || '/' in split_part(q.presigned_url, '?', 1)) > 0
    ) then
      return new;
    end if;
    raise exception 'This file does not belong to an upload of yours'
      using errcode = 'insufficient_privilege', hint = 'Call request_upload_url first and use its file id and key.';
  end if;

  if old.created_by = public.current_user_id()
    or public.is_admin()
    or public.has_permission('files', 'update')
  then
    if (new.id, new.created_by, new.s3_bucket, new.s3_original_key)
      is not distinct from (old.id, old.created_by, old.s3_bucket, old.s3_original_key)
    then
      return new;
    end if;
    raise exception 'Identity, owner and storage place of a file cannot be changed'
      using errcode = 'insufficient_privilege';
  end if;
  raise exception 'Only the person who uploaded a file may change it'
    using errcode = 'insufficient_privilege';
end
$$;

create trigger guard_file_write_trigger
  before insert or update on metadata.files
  for each row
  when (row_security_active('metadata.files'::regclass) and current_user <> all (array['civic_os_worker', 'civic_os_payments']))
  execute function metadata.guard_file_write();

create function public.insert_thumbnail_job()
returns trigger
language plpgsql
security definer
set search_path = metadata, public
as $$
begin
  if new.thumbnail_status = 'pending' then
    insert into metadata.river_job (kind, args, queue, priority, max_attempts)
    values ('thumbnail_generate', jsonb_build_object('file_id', new.id::text), 'thumbnails', 1, 25);
  end if;
  return new;
end
$$;

create trigger insert_thumbnail_job_trigger
  after insert on metadata.files
  for each row execute function public.insert_thumbnail_job();

create function public.insert_s3_presign_job()
returns trigger
language plpgsql
security definer
set search_path = metadata, public
as $$
begin
  insert into metadata.river_job (kind, args, queue, priority, max_attempts)
  values (
    's3_presign',
    jsonb_build_object(
      'request_id', new.id::text,
      'file_name', new.file_name,
      'file_type', new.file_type,
      'entity_type', new.entity_type,
      'entity_id', new.entity_id
    ),
    's3_signer',
    1,
    25
  );
  return new;
end
$$;

create trigger insert_s3_presign_job_trigger
  after insert on metadata.file_upload_requests
  for each row execute function public.insert_s3_presign_job();

alter table metadata.files enable row level security;
create policy "Users can view files" on metadata.files
  for select using (true);
create policy "Authenticated users can upload files" on metadata.files
  for insert with check (
    (select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role') = 'authenticated'
  );
create policy "Users can update own recent uploads" on metadata.files
  for update using (
    (created_by = public.current_user_id() and created_at > now() - interval '5 minutes')
    or (select public.is_admin() or public.has_permission('files', 'update'))
  );

-- An address in a request allows writing to the store: only the person who asked sees it (D-02).
alter table metadata.file_upload_requests enable row level security;
create policy "Users see own upload requests" on metadata.file_upload_requests
  for select to authenticated using (requested_by = public.current_user_id() or (select public.is_admin()));

grant select on metadata.files to web_anon, authenticated;
grant insert, update on metadata.files to authenticated;
grant select on metadata.file_upload_requests to authenticated;

create view public.files
as
select
  id, entity_type, entity_id, file_name, file_type, file_size, s3_key_prefix, s3_original_key,
  s3_thumbnail_small_key, s3_thumbnail_medium_key, s3_thumbnail_large_key, thumbnail_status, thumbnail_error,
  created_by, created_at, updated_at, s3_bucket
from metadata.files;

grant select on public.files to web_anon, authenticated;
grant insert, update on public.files to authenticated;
-- What an anonymous upload may state of itself; `guard_file_write` lets it through only where D-03's switch is on.
grant insert (
  id, entity_type, entity_id, file_name, file_type, file_size, s3_bucket, s3_original_key, thumbnail_status
) on public.files to web_anon;

create function public.request_upload_url(p_entity_type text, p_entity_id text, p_file_name text, p_file_type text)
returns uuid
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
declare
  v_request_id uuid;
begin
  perform metadata.require_uploader();
  insert into metadata.file_upload_requests (entity_type, entity_id, file_name, file_type)
  values (p_entity_type, p_entity_id, p_file_name, p_file_type)
  returning id into v_request_id;

  -- Kept for listeners of earlier releases; the signing job is inserted by the table's trigger.
  perform pg_notify(
    'upload_url_request',
    json_build_object(
      'requestId', v_request_id,
      'fileName', p_file_name,
      'fileType', p_file_type,
      'entityType', p_entity_type,
      'entityId', p_entity_id
    )::text
  );
  return v_request_id;
end
$$;

-- Polled by the client until the address is there.
create function public.get_upload_url(p_request_id uuid)
returns table (status text, url text, file_id uuid, error text)
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  perform metadata.require_uploader();
  return query
    select q.status, q.presigned_url, q.file_id, q.error_message
    from metadata.file_upload_requests q
    where q.id = p_request_id
      and (q.requested_by is null or q.requested_by = public.current_user_id());
end
$$;

-- W7 (D-03): both refuse anonymous callers themselves unless `files.anonymous_uploads` is on.
revoke execute on function
  public.request_upload_url(text, text, text, text),
  public.get_upload_url(uuid)
from public;
grant execute on function
  public.request_upload_url(text, text, text, text),
  public.get_upload_url(uuid)
to web_anon, authenticated;

insert into metadata.properties (table_name, column_name, display_name, sort_order, show_on_list)
values ('files', 'created_by', 'Uploaded By', 100, false);
