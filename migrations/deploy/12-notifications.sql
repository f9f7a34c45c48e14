-- Notifications: templates, people's preferences, the messages themselves, and checks of templates in the editor.
-- Delivery is the worker's; the database stores, checks and enqueues.

create table metadata.notification_templates (
  id serial constraint notification_templates_pkey primary key,
  name varchar(100) not null constraint notification_templates_name_key unique,
  description text,
  subject_template text not null,
  html_template text not null,
  text_template text not null,
  sms_template text,
  entity_type varchar(100),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index idx_notification_templates_name on metadata.notification_templates (name);

create table metadata.notification_preferences (
  user_id uuid not null
    constraint notification_preferences_user_id_fkey references metadata.civic_os_users (id) on delete cascade,
  channel varchar(20) not null
    constraint valid_channel check (channel::text = any (array['email'::text, 'sms'::text])),
  enabled boolean not null default true,
  email_address public.email_address,
  phone_number public.phone_number,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint notification_preferences_pkey primary key (user_id, channel)
);
create index idx_notification_preferences_user_id on metadata.notification_preferences (user_id);

create table metadata.notifications (
  id bigserial constraint notifications_pkey primary key,
  user_id uuid not null
    constraint notifications_user_id_fkey references metadata.civic_os_users (id) on delete cascade,
  template_name varchar(100) not null
    constraint notifications_template_name_fkey references metadata.notification_templates (name),
  entity_type varchar(100),
  entity_id varchar(100),
  entity_data jsonb,
  channels text[] not null default '{email}',
  status varchar(20) not null default 'pending',
  sent_at timestamptz,
  error_message text,
  channels_sent text[],
  channels_failed text[],
  created_at timestamptz not null default now(),
  constraint valid_status check (status::text = any (array['pending'::text, 'sent'::text, 'failed'::text])),
  constraint valid_channels check (channels <> '{}'::text[] and channels <@ array['email'::text, 'sms'::text])
);
create index idx_notifications_user_id on metadata.notifications (user_id);
create index idx_notifications_status on metadata.notifications (status);
create index idx_notifications_template on metadata.notifications (template_name);
create index idx_notifications_entity on metadata.notifications (entity_type, entity_id);
create index idx_notifications_created_at on metadata.notifications (created_at desc);

create table metadata.template_validation_results (
  id uuid default gen_random_uuid() constraint template_validation_results_pkey primary key,
  subject_template text,
  html_template text,
  text_template text,
  sms_template text,
  status varchar(20) not null default 'pending'
    constraint valid_status check (status::text = any (array['pending'::text, 'completed'::text])),
  created_at timestamptz not null default now(),
  completed_at timestamptz
);
create index idx_template_validation_results_status on metadata.template_validation_results (status, created_at);

create table metadata.template_part_validation_results (
  id serial constraint template_part_validation_results_pkey primary key,
  validation_id uuid not null
    constraint template_part_validation_results_validation_id_fkey
    references metadata.template_validation_results (id) on delete cascade,
  part_name varchar(20) not null
    constraint valid_part_name
    check (part_name::text = any (array['subject'::text, 'html'::text, 'text'::text, 'sms'::text])),
  valid boolean not null,
  error_message text,
  created_at timestamptz not null default now()
);
create index idx_part_validation_results_validation_id
  on metadata.template_part_validation_results (validation_id);

-- Clients hold no privileges on these tables (sequences only, for the defaults of the views); the policies state what
-- would be theirs.
alter table metadata.notification_templates enable row level security;
create policy "All can view templates" on metadata.notification_templates
  for select to authenticated using (true);
create policy "Admins manage templates" on metadata.notification_templates
  for all to authenticated using (public.is_admin());

alter table metadata.notification_preferences enable row level security;
create policy "Users manage own preferences" on metadata.notification_preferences
  for all to authenticated using (user_id = public.current_user_id());

alter table metadata.notifications enable row level security;
create policy "Users see own notifications" on metadata.notifications
  for select to authenticated using (user_id = public.current_user_id());
create policy "Users can create notifications" on metadata.notifications
  for insert to authenticated with check (user_id = public.current_user_id());

alter table metadata.template_validation_results enable row level security;
create policy "Users see own validation results" on metadata.template_validation_results
  for all to authenticated using (true);
alter table metadata.template_part_validation_results enable row level security;
create policy "Users see validation part results" on metadata.template_part_validation_results
  for all to authenticated using (true);

grant usage on sequence
  metadata.notification_templates_id_seq,
  metadata.notifications_id_seq,
  metadata.template_part_validation_results_id_seq
to authenticated;

-- W4 (D-02). The two views have owner rights, so row security does not reach statements through them; these triggers
-- do. They run only where row security would: never for the owner and its definer functions.
create function metadata.guard_template_write()
returns trigger
language plpgsql
as $$
begin
  if not public.is_admin() then
    raise exception 'Only administrators may change notification templates'
      using errcode = 'insufficient_privilege';
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end
$$;

create trigger guard_template_write_trigger
  before insert or update or delete on metadata.notification_templates
  for each row
  when (row_security_active('metadata.notification_templates'::regclass))
  execute function metadata.guard_template_write();

create function metadata.guard_preference_write()
returns trigger
language plpgsql
as $$
begin
  -- The worker switches off what people unsubscribe from by link or by answering STOP.
  if new.user_id is distinct from public.current_user_id() and current_user <> 'civic_os_worker' then
    raise exception 'Notification preferences can only be changed by the person they belong to'
      using errcode = 'insufficient_privilege';
  end if;
  return new;
end
$$;

create trigger guard_preference_write_trigger
  before insert or update on metadata.notification_preferences
  for each row
  when (row_security_active('metadata.notification_preferences'::regclass))
  execute function metadata.guard_preference_write();

create view public.notification_templates
as
select
  id, name, description, subject_template, html_template, text_template, sms_template, entity_type, created_at,
  updated_at
from metadata.notification_templates;

grant select on public.notification_templates to web_anon, authenticated;
grant insert, update, delete on public.notification_templates to authenticated;

create view public.notification_preferences
as
select user_id, channel, enabled, email_address, phone_number, created_at, updated_at
from metadata.notification_preferences
where user_id = public.current_user_id()
  or not row_security_active('metadata.notification_preferences'::regclass);

grant select, insert, update on public.notification_preferences to authenticated;

-- A new person gets e-mail switched on and, with a ten-digit telephone, SMS switched off. An address that the domain
-- refuses does not stop the sign-in; the preference then has none (W2).
create function public.create_default_notification_preferences()
returns trigger
language plpgsql
security definer
set search_path = metadata, public
as $$
declare
  v_email public.email_address;
  v_digits text := regexp_replace(new.phone, '\D', '', 'g');
begin
  begin
    v_email := new.email;
  exception
    when check_violation then
      v_email := null;
  end;
  insert into metadata.notification_preferences (user_id, channel, enabled, email_address)
  values (new.id, 'email', true, v_email)
  on conflict (user_id, channel) do nothing;

  if length(v_digits) = 10 then
    insert into metadata.notification_preferences (user_id, channel, enabled, phone_number)
    values (new.id, 'sms', false, v_digits)
    on conflict (user_id, channel) do nothing;
  end if;
  return new;
end
$$;

create trigger create_default_notification_preferences_trigger
  after insert on metadata.civic_os_users_private
  for each row execute function public.create_default_notification_preferences();

-- Called by applications, also from triggers of anonymous inserts: it does not ask who calls.
create function public.create_notification(
  p_user_id uuid,
  p_template_name varchar,
  p_entity_type varchar default null,
  p_entity_id varchar default null,
  p_entity_data jsonb default null,
  p_channels text[] default '{email}'
)
returns bigint
language plpgsql
security definer
set search_path = metadata, public
as $$
declare
  v_id bigint;
begin
  if not exists (select from metadata.notification_templates t where t.name = p_template_name) then
    raise exception 'Template "%" does not exist', p_template_name;
  end if;
  if not exists (select from metadata.civic_os_users u where u.id = p_user_id) then
    raise exception 'User "%" does not exist', p_user_id;
  end if;
  if p_channels is null then
    raise exception 'At least one channel must be specified';
  end if;
  if not p_channels <@ array['email', 'sms'] then
    raise exception 'Invalid channel. Must be one of: email, sms';
  end if;

  insert into metadata.notifications (user_id, template_name, entity_type, entity_id, entity_data, channels)
  values (p_user_id, p_template_name, p_entity_type, p_entity_id, p_entity_data, p_channels)
  returning id into v_id;
  return v_id;
end
$$;

-- Ordinary notifications have priority 2, behind what somebody is waiting for on a page (D-10).
create function public.enqueue_notification_job()
returns trigger
language plpgsql
security definer
set search_path = metadata, public
as $$
begin
  -- metadata.notify_users enqueues its own in one statement.
  if current_setting('civic_os.enqueues_notifications', true) = 'batch' then
    return new;
  end if;
  insert into metadata.river_job (kind, args, queue, priority, max_attempts)
  values (
    'send_notification',
    jsonb_build_object(
      'notification_id', new.id::text,
      'user_id', new.user_id,
      'template_name', new.template_name,
      'entity_type', new.entity_type,
      'entity_id', new.entity_id,
      'entity_data', new.entity_data,
      'channels', to_jsonb(new.channels)
    ),
    'notifications',
    2,
    5
  );
  return new;
end
$$;

create trigger enqueue_notification_job_trigger
  after insert on metadata.notifications
  for each row execute function public.enqueue_notification_job();

-- Checks and previews of the template editor ----------------------------------------------------------------------

-- Priority 1: a person is waiting (W12, D-10).
create function public.validate_template_parts(
  p_validation_id uuid default gen_random_uuid(),
  p_subject_template text default null,
  p_html_template text default null,
  p_text_template text default null,
  p_sms_template text default null
)
returns table (validation_id uuid)
language plpgsql
security definer
set search_path = metadata, public
as $$
begin
  if coalesce(p_subject_template, p_html_template, p_text_template, p_sms_template) is null then
    raise exception 'At least one template part must be provided for validation';
  end if;

  insert into metadata.template_validation_results (id, subject_template, html_template, text_template, sms_template)
  values (p_validation_id, p_subject_template, p_html_template, p_text_template, p_sms_template);
  insert into metadata.river_job (kind, args, queue, priority, max_attempts)
  values (
    'validate_template_parts',
    jsonb_build_object(
      'validation_id', p_validation_id::text,
      'subject_template', p_subject_template,
      'html_template', p_html_template,
      'text_template', p_text_template,
      'sms_template', p_sms_template
    ),
    'notifications',
    1,
    3
  );
  return query select p_validation_id;
end
$$;

create function public.preview_template_parts(
  p_validation_id uuid default gen_random_uuid(),
  p_subject_template text default null,
  p_html_template text default null,
  p_text_template text default null,
  p_sms_template text default null,
  p_sample_entity_data jsonb default null
)
returns table (validation_id uuid)
language plpgsql
security definer
set search_path = metadata, public
as $$
begin
  if coalesce(p_subject_template, p_html_template, p_text_template, p_sms_template) is null then
    raise exception 'At least one template part must be provided for preview';
  end if;

  insert into metadata.template_validation_results (id, subject_template, html_template, text_template, sms_template)
  values (p_validation_id, p_subject_template, p_html_template, p_text_template, p_sms_template);
  insert into metadata.river_job (kind, args, queue, priority, max_attempts)
  values (
    'preview_template_parts',
    jsonb_build_object(
      'validation_id', p_validation_id::text,
      'subject_template', p_subject_template,
      'html_template', p_html_template,
      'text_template', p_text_template,
      'sms_template', p_sms_template,
      'sample_entity_data',
      coalesce(p_sample_entity_data, jsonb_build_object('id', 1, 'display_name', 'Example Entity'))
    ),
    'notifications',
    1,
    3
  );
  return query select p_validation_id;
end
$$;

create function public.get_validation_results(p_validation_id uuid)
returns table (status text, part_name text, valid boolean, error_message text)
language plpgsql
security definer
set search_path = metadata, public
as $$
declare
  v_status text;
begin
  select r.status into v_status from metadata.template_validation_results r where r.id = p_validation_id;
  if not found then
    raise exception 'Validation ID not found: %', p_validation_id;
  end if;
  if v_status = 'pending' then
    return query select 'pending'::text, null::text, null::boolean, null::text;
    return;
  end if;
  return query
    select v_status, p.part_name::text, p.valid, p.error_message
    from metadata.template_part_validation_results p
    where p.validation_id = p_validation_id
    order by array_position(array['subject', 'html', 'text', 'sms'], p.part_name::text), p.id;
end
$$;

-- The stored message of a valid part is what it rendered to.
create function public.get_preview_results(p_validation_id uuid)
returns table (status text, part_name text, rendered_output text, error_message text)
language plpgsql
security definer
set search_path = metadata, public
as $$
declare
  v_status text;
begin
  select r.status into v_status from metadata.template_validation_results r where r.id = p_validation_id;
  if not found then
    raise exception 'Validation ID not found: %', p_validation_id;
  end if;
  if v_status = 'pending' then
    return query select 'pending'::text, null::text, null::text, null::text;
    return;
  end if;
  return query
    select
      v_status,
      p.part_name::text,
      case when p.valid then p.error_message end,
      case when not p.valid then p.error_message end
    from metadata.template_part_validation_results p
    where p.validation_id = p_validation_id
    order by array_position(array['subject', 'html', 'text', 'sms'], p.part_name::text), p.id;
end
$$;

create function public.cleanup_old_validation_results()
returns void
language plpgsql
security definer
set search_path = metadata, public
as $$
begin
  delete from metadata.template_validation_results r where r.created_at < now() - interval '1 hour';
end
$$;

-- W7 (D-03): nobody sends notifications or loads the worker without signing in. Definer code of applications runs as
-- the owner and is not affected.
revoke execute on function
  public.create_notification(uuid, varchar, varchar, varchar, jsonb, text[]),
  public.validate_template_parts(uuid, text, text, text, text),
  public.preview_template_parts(uuid, text, text, text, text, jsonb),
  public.get_validation_results(uuid),
  public.get_preview_results(uuid),
  public.cleanup_old_validation_results()
from public;
grant execute on function
  public.create_notification(uuid, varchar, varchar, varchar, jsonb, text[]),
  public.validate_template_parts(uuid, text, text, text, text),
  public.preview_template_parts(uuid, text, text, text, text, jsonb),
  public.get_validation_results(uuid),
  public.get_preview_results(uuid),
  public.cleanup_old_validation_results()
to authenticated;
