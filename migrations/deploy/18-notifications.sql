-- Delivery of notifications (D-23, D-32): what was sent, what people see in the client, how often they want mail, who must not get any, and
-- notifications to many at once.

-- The send ledger. A row that says `sent` is never sent again; one that says `sending` belongs to a run that ended between the last byte and the
-- answer of the provider: nobody knows, and it is sent again under the same message id.
create table metadata.notification_deliveries (
  key text constraint notification_deliveries_pkey primary key,
  notification_id bigint
    constraint notification_deliveries_notification_id_fkey references metadata.notifications (id) on delete cascade,
  channel text not null
    constraint notification_deliveries_channel check (channel in ('email', 'sms')),
  state text not null
    constraint notification_deliveries_state check (state in ('sending', 'sent', 'failed')),
  message_id text not null,
  recipient text not null,
  attempts integer not null default 1,
  reply text,
  started_at timestamptz not null default now(),
  finished_at timestamptz
);
create index idx_notification_deliveries_notification on metadata.notification_deliveries (notification_id);
create index idx_notification_deliveries_message on metadata.notification_deliveries (message_id);

-- What a notification says, as the worker rendered it, and whether its person has read it.
create table metadata.notification_inbox (
  notification_id bigint constraint notification_inbox_pkey primary key
    constraint notification_inbox_notification_id_fkey references metadata.notifications (id) on delete cascade,
  user_id uuid not null
    constraint notification_inbox_user_id_fkey references metadata.civic_os_users (id) on delete cascade,
  subject text not null,
  body text not null,
  entity_type varchar(100),
  entity_id varchar(100),
  created_at timestamptz not null default now(),
  read_at timestamptz
);
create index idx_notification_inbox_user on metadata.notification_inbox (user_id, created_at desc);
create index idx_notification_inbox_unread on metadata.notification_inbox (user_id) where read_at is null;

-- How often somebody wants mail; no row is `immediate`.
create table metadata.notification_digests (
  user_id uuid not null default public.current_user_id()
    constraint notification_digests_user_id_fkey references metadata.civic_os_users (id) on delete cascade,
  channel text not null default 'email' constraint notification_digests_channel check (channel = 'email'),
  frequency text not null default 'immediate'
    constraint notification_digests_frequency check (frequency in ('immediate', 'hourly', 'daily')),
  -- Of a daily digest, in the time zone of the instance.
  hour smallint not null default 8 constraint notification_digests_hour check (hour between 0 and 23),
  updated_at timestamptz not null default now(),
  constraint notification_digests_pkey primary key (user_id, channel)
);
create trigger set_updated_at_trigger
  before insert or update on metadata.notification_digests
  for each row execute function public.set_updated_at();

-- What waits for the next digest.
create table metadata.notification_digest_items (
  notification_id bigint constraint notification_digest_items_pkey primary key
    constraint notification_digest_items_notification_id_fkey references metadata.notifications (id) on delete cascade,
  user_id uuid not null
    constraint notification_digest_items_user_id_fkey references metadata.civic_os_users (id) on delete cascade,
  subject text not null,
  body text not null,
  queued_at timestamptz not null default now()
);
create index idx_notification_digest_items_user on metadata.notification_digest_items (user_id);

-- Addresses and numbers that get nothing any more: they bounced, complained or opted out.
create table metadata.notification_suppressions (
  channel text not null constraint notification_suppressions_channel check (channel in ('email', 'sms')),
  -- Lower case; numbers with their country code.
  address text not null,
  reason text not null
    constraint notification_suppressions_reason check (reason in ('bounce', 'complaint', 'opt_out', 'manual')),
  detail text,
  created_at timestamptz not null default now(),
  constraint notification_suppressions_pkey primary key (channel, address)
);

-- What the link at the foot of a mail carries instead of a session.
create table metadata.notification_unsubscribe_tokens (
  token uuid constraint notification_unsubscribe_tokens_pkey primary key default gen_random_uuid(),
  user_id uuid not null
    constraint notification_unsubscribe_tokens_user_id_fkey references metadata.civic_os_users (id) on delete cascade,
  channel text not null,
  constraint notification_unsubscribe_tokens_user_channel_key unique (user_id, channel)
);

-- Notifications to many at once.
create table metadata.notification_batches (
  id uuid constraint notification_batches_pkey primary key default gen_random_uuid(),
  template_name varchar(100) not null,
  role text,
  total integer not null default 0,
  created_by uuid,
  created_at timestamptz not null default now()
);
create table metadata.notification_batch_members (
  notification_id bigint constraint notification_batch_members_pkey primary key
    constraint notification_batch_members_notification_id_fkey references metadata.notifications (id) on delete cascade,
  batch_id uuid not null
    constraint notification_batch_members_batch_id_fkey references metadata.notification_batches (id) on delete cascade
);
create index idx_notification_batch_members_batch on metadata.notification_batch_members (batch_id);

-- Who sees what -----------------------------------------------------------------------------------------------------

alter table metadata.notification_deliveries enable row level security;
alter table metadata.notification_inbox enable row level security;
alter table metadata.notification_digests enable row level security;
alter table metadata.notification_digest_items enable row level security;
alter table metadata.notification_suppressions enable row level security;
alter table metadata.notification_unsubscribe_tokens enable row level security;
alter table metadata.notification_batches enable row level security;
alter table metadata.notification_batch_members enable row level security;

create policy "Users see own inbox" on metadata.notification_inbox
  for select to authenticated using (user_id = public.current_user_id());
create policy "Users mark own inbox" on metadata.notification_inbox
  for update to authenticated
  using (user_id = public.current_user_id()) with check (user_id = public.current_user_id());
grant select, update (read_at) on metadata.notification_inbox to authenticated;

create policy "Users choose own digests" on metadata.notification_digests
  for all to authenticated
  using (user_id = public.current_user_id()) with check (user_id = public.current_user_id());
grant select, insert, update, delete on metadata.notification_digests to authenticated;

create policy "Admins manage suppressions" on metadata.notification_suppressions
  for all to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));
grant select, insert, update, delete on metadata.notification_suppressions to authenticated;
create policy "Admins see deliveries" on metadata.notification_deliveries
  for select to authenticated using ((select public.is_admin()));
grant select on metadata.notification_deliveries to authenticated;

-- The worker.
do $$
declare
  v_table text;
begin
  foreach v_table in array array[
    'notifications', 'notification_preferences', 'template_validation_results', 'template_part_validation_results',
    'notification_deliveries', 'notification_inbox', 'notification_digests', 'notification_digest_items',
    'notification_suppressions', 'notification_unsubscribe_tokens'
  ] loop
    execute format(
      'create policy "Workers deliver" on metadata.%I for all to civic_os_worker using (true) with check (true)', v_table
    );
  end loop;
end
$$;
create policy "Workers read templates" on metadata.notification_templates for select to civic_os_worker using (true);
create policy "Workers read addresses" on metadata.civic_os_users_private for select to civic_os_worker using (true);
grant select on
  metadata.notifications, metadata.notification_templates, metadata.notification_digests,
  metadata.civic_os_users, metadata.civic_os_users_private
to civic_os_worker;
grant update (status, sent_at, error_message, channels_sent, channels_failed) on metadata.notifications to civic_os_worker;
grant select, insert (user_id, channel, enabled), update (enabled, updated_at)
on metadata.notification_preferences
to civic_os_worker;
grant select, update, delete on metadata.template_validation_results to civic_os_worker;
grant select, insert, update, delete on
  metadata.template_part_validation_results, metadata.notification_deliveries, metadata.notification_inbox,
  metadata.notification_digest_items, metadata.notification_suppressions, metadata.notification_unsubscribe_tokens
to civic_os_worker;
grant usage on sequence metadata.template_part_validation_results_id_seq to civic_os_worker;

-- What clients use --------------------------------------------------------------------------------------------------

-- The bell: own notifications, newest first by `order=created_at.desc`; unread ones by `read_at=is.null`.
create view public.my_notifications with (security_invoker = true)
as
select notification_id as id, subject, body, entity_type, entity_id, created_at, read_at
from metadata.notification_inbox;
grant select, update (read_at) on public.my_notifications to authenticated;

-- Marks these as read, or all without an argument; how many were unread.
create function public.mark_notifications_read(p_ids bigint[] default null)
returns integer
language sql
set search_path = metadata, public
as $$
  with marked as (
    update metadata.notification_inbox i
    set read_at = now()
    where i.user_id = public.current_user_id()
      and i.read_at is null
      and (p_ids is null or i.notification_id = any (p_ids))
    returning 1
  )
  select count(*)::integer from marked
$$;
revoke execute on function public.mark_notifications_read(bigint[]) from public;
grant execute on function public.mark_notifications_read(bigint[]) to authenticated;

create view public.notification_digests with (security_invoker = true)
as
select user_id, channel, frequency, hour, updated_at from metadata.notification_digests;
grant select, insert, update, delete on public.notification_digests to authenticated;

create view public.notification_suppressions with (security_invoker = true)
as
select channel, address, reason, detail, created_at from metadata.notification_suppressions;
grant select, insert, delete on public.notification_suppressions to authenticated;

-- Live: `/events` hears this channel. One row is one event of its person.
create function metadata.tell_notification_inbox()
returns trigger
language plpgsql
as $$
begin
  perform pg_notify(
    'civic_os.events',
    jsonb_build_object('event', 'notification', 'user', i.user_id, 'id', i.notification_id)::text
  )
  from inserted i;
  return null;
end
$$;
create trigger tell_notification_inbox_trigger
  after insert on metadata.notification_inbox
  referencing new table as inserted
  for each statement execute function metadata.tell_notification_inbox();

-- Live lists: one event per statement and table, without any of its data. A table takes part once somebody asks for it.
create function metadata.tell_table_changed()
returns trigger
language plpgsql
as $$
begin
  perform pg_notify(
    'civic_os.events',
    jsonb_build_object('event', 'change', 'schema', tg_table_schema, 'table', tg_table_name)::text
  );
  return null;
end
$$;

create function metadata.watch_table(p_table regclass)
returns void
language plpgsql
as $$
begin
  execute format('drop trigger if exists civic_os_tell_change on %s', p_table);
  execute format(
    'create trigger civic_os_tell_change after insert or update or delete or truncate on %s
     for each statement execute function metadata.tell_table_changed()',
    p_table
  );
end
$$;
revoke execute on function metadata.watch_table(regclass) from public;

-- Bulk --------------------------------------------------------------------------------------------------------------

-- One statement for any number of people: notifications and jobs of the lowest priority (D-10), one batch to watch. Definer code of applications and
-- migrations may call it; people go through public.notify_role.
create function metadata.notify_users(
  p_user_ids uuid[],
  p_template_name varchar,
  p_entity_type varchar default null,
  p_entity_id varchar default null,
  p_entity_data jsonb default null,
  p_channels text[] default '{email}',
  p_role text default null
)
returns uuid
language plpgsql
security definer
set search_path = metadata, public
as $$
declare
  v_batch uuid;
begin
  if not exists (select from metadata.notification_templates t where t.name = p_template_name) then
    raise exception 'Template "%" does not exist', p_template_name;
  end if;
  if p_channels is null or p_channels = '{}' then
    raise exception 'At least one channel must be specified';
  end if;
  if not p_channels <@ array['email', 'sms'] then
    raise exception 'Invalid channel. Must be one of: email, sms';
  end if;

  insert into metadata.notification_batches (template_name, role, created_by)
  values (p_template_name, p_role, public.current_user_id())
  returning id into v_batch;

  perform set_config('civic_os.enqueues_notifications', 'batch', true);
  with made as (
    insert into metadata.notifications (user_id, template_name, entity_type, entity_id, entity_data, channels)
    select u.id, p_template_name, p_entity_type, p_entity_id, p_entity_data, p_channels
    from metadata.civic_os_users u
    where u.id = any (p_user_ids)
    returning id, user_id
  ),
  members as (
    insert into metadata.notification_batch_members (notification_id, batch_id)
    select m.id, v_batch from made m
  ),
  jobs as (
    insert into metadata.river_job (kind, args, queue, priority, max_attempts)
    select
      'send_notification',
      jsonb_build_object(
        'notification_id', m.id::text,
        'user_id', m.user_id,
        'template_name', p_template_name,
        'entity_type', p_entity_type,
        'entity_id', p_entity_id,
        'entity_data', p_entity_data,
        'channels', to_jsonb(p_channels)
      ),
      'notifications',
      3,
      5
    from made m
  )
  update metadata.notification_batches b set total = (select count(*) from made) where b.id = v_batch;
  perform set_config('civic_os.enqueues_notifications', '', true);
  return v_batch;
end
$$;


-- Everybody who holds a role, as of their last sign-in. Administrators only.
create function public.notify_role(
  p_role text,
  p_template_name varchar,
  p_entity_type varchar default null,
  p_entity_id varchar default null,
  p_entity_data jsonb default null,
  p_channels text[] default '{email}'
)
returns uuid
language plpgsql
security definer
set search_path = metadata, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Only administrators may notify all holders of a role'
      using errcode = 'insufficient_privilege';
  end if;
  if not exists (select from metadata.roles r where r.display_name = p_role) then
    raise exception 'Role "%" does not exist', p_role;
  end if;
  return metadata.notify_users(
    array(
      select ur.user_id
      from metadata.user_roles ur
      join metadata.roles r on r.id = ur.role_id
      where r.display_name = p_role
    ),
    p_template_name, p_entity_type, p_entity_id, p_entity_data, p_channels, p_role
  );
end
$$;

-- Mail to addresses that need not belong to anybody here.
create function metadata.send_email(
  p_to text[],
  p_template_name varchar,
  p_entity_type varchar default null,
  p_entity_id varchar default null,
  p_entity_data jsonb default null,
  p_cc text[] default '{}',
  p_reply_to text default null
)
returns bigint
language plpgsql
security definer
set search_path = metadata, public
as $$
declare
  v_id bigint;
begin
  if coalesce(cardinality(p_to), 0) = 0 then
    raise exception 'At least one recipient must be specified';
  end if;
  if not exists (select from metadata.notification_templates t where t.name = p_template_name) then
    raise exception 'Template "%" does not exist', p_template_name;
  end if;
  insert into metadata.river_job (kind, args, queue, priority, max_attempts)
  values (
    'send_email',
    jsonb_build_object(
      'to', to_jsonb(p_to),
      'cc', to_jsonb(coalesce(p_cc, '{}')),
      'template_name', p_template_name,
      'entity_type', p_entity_type,
      'entity_id', p_entity_id,
      'entity_data', p_entity_data,
      'reply_to', p_reply_to
    ),
    'notifications',
    2,
    5
  )
  returning id into v_id;
  return v_id;
end
$$;

revoke execute on function
  metadata.notify_users(uuid[], varchar, varchar, varchar, jsonb, text[], text),
  public.notify_role(text, varchar, varchar, varchar, jsonb, text[]),
  metadata.send_email(text[], varchar, varchar, varchar, jsonb, text[], text)
from public;
grant execute on function public.notify_role(text, varchar, varchar, varchar, jsonb, text[]) to authenticated;

-- Progress of batches, for administrators.
create function metadata.batch_progress()
returns table (
  id uuid,
  template_name varchar,
  role text,
  total integer,
  sent bigint,
  failed bigint,
  pending bigint,
  created_by uuid,
  created_at timestamptz
)
language sql
stable
security definer
set search_path = metadata, public
as $$
  select
    b.id,
    b.template_name,
    b.role,
    b.total,
    count(*) filter (where n.status = 'sent'),
    count(*) filter (where n.status = 'failed'),
    count(*) filter (where n.status = 'pending'),
    b.created_by,
    b.created_at
  from metadata.notification_batches b
  left join metadata.notification_batch_members m on m.batch_id = b.id
  left join metadata.notifications n on n.id = m.notification_id
  where (select public.is_admin())
  group by b.id
$$;
revoke execute on function metadata.batch_progress() from public;
grant execute on function metadata.batch_progress() to authenticated;
create view public.notification_batches with (security_invoker = true)
as
select id, template_name, role, total, sent, failed, pending, created_by, created_at from metadata.batch_progress();
grant select on public.notification_batches to authenticated;
