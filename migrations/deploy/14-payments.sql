-- Payments: attempts and refunds, the ledger's view for people, and the jobs that talk to the provider.

-- What the process's configuration says about new payments; written by the payments role at its start (payments.currency,
-- payments.fee_percent, payments.fee_fixed).
create table payments.settings (
  only_row boolean default true constraint settings_pkey primary key constraint settings_only_row check (only_row),
  currency text not null default 'USD',
  fee_percent numeric(7, 4) not null default 0 constraint settings_fee_percent check (fee_percent >= 0 and fee_percent < 50),
  fee_fixed numeric(10, 2) not null default 0 constraint settings_fee_fixed check (fee_fixed >= 0)
);
alter table payments.settings enable row level security;

-- Currency of payments that name none.
create function payments.default_currency()
returns text
language sql
stable
security definer
set search_path = payments
as $$
  select coalesce((select s.currency from payments.settings s), 'USD')
$$;

-- How many of the provider's units one unit of a currency has. The Ugandan shilling and the Icelandic króna have no
-- decimals, yet the provider counts them in hundredths.
create function payments.minor_unit_factor(p_currency text)
returns integer
language sql
immutable
as $$
  select case
    when p_currency = any (array[
      'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
    ]) then 1
    else 100
  end
$$;

-- The fee that a payer adds so that, after the provider has taken its percentage of the total and its fixed part,
-- at least the amount is left. Nothing for other currencies than that of the settings: the fixed part is in that one.
create function payments.processing_fee(p_amount numeric, p_currency text)
returns numeric
language plpgsql
stable
security definer
set search_path = payments
as $$
declare
  v_settings payments.settings;
  v_decimals integer;
  v_step numeric;
  v_total numeric;
begin
  select * into v_settings from payments.settings;
  if not found or v_settings.currency <> p_currency or (v_settings.fee_percent = 0 and v_settings.fee_fixed = 0) then
    return 0;
  end if;
  v_decimals := case
    when payments.minor_unit_factor(p_currency) = 1 or p_currency in ('ISK', 'UGX') then 0 else 2
  end;
  v_step := case v_decimals when 0 then 1 else 0.01 end;
  v_total := trunc((p_amount + v_settings.fee_fixed) / (1 - v_settings.fee_percent / 100), v_decimals) - v_step;
  -- The provider rounds its percentage; the smallest total that leaves enough is at most three steps away.
  while v_total - round(v_total * v_settings.fee_percent / 100, v_decimals) - v_settings.fee_fixed < p_amount loop
    v_total := v_total + v_step;
  end loop;
  return v_total - p_amount;
end
$$;

-- One row per attempt. D-30: 0.15 accepts US dollars only and knows five states; other currencies with two decimals, or
-- none, and the provider's two intermediate states are accepted too.
create table payments.transactions (
  id uuid default gen_random_uuid() constraint transactions_pkey primary key,
  user_id uuid not null
    constraint transactions_user_id_fkey references metadata.civic_os_users (id) on delete restrict,
  amount numeric(10, 2) not null constraint transactions_amount_check check (amount > 0),
  currency text not null default payments.default_currency()
    constraint valid_currency check (
      currency ~ '^[A-Z]{3}$'
      and currency <> all (array['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND', 'CLF', 'UYW'])
    ),
  status text not null default 'pending_intent'
    constraint valid_status check (
      status = any (array[
        'pending_intent'::text, 'pending'::text, 'requires_action'::text, 'authorized'::text, 'succeeded'::text,
        'failed'::text, 'canceled'::text
      ])
    ),
  error_message text,
  provider text not null default 'stripe' constraint valid_provider check (provider = 'stripe'),
  provider_payment_id text,
  provider_client_secret text,
  description text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  entity_type text,
  entity_id text,
  -- Last, so that a database taken over from 0.15, where it has to be made anew, has the same order.
  display_name text generated always as (
    case currency when 'USD' then '$' || amount::text else currency || ' ' || amount::text end
    || ' - '
    || case status
      when 'pending_intent' then 'Creating...'
      when 'pending' then 'Pending'
      when 'requires_action' then 'Pending'
      when 'authorized' then 'Authorized'
      when 'succeeded' then 'Paid'
      when 'failed' then 'Failed'
      when 'canceled' then 'Canceled'
      else upper(status)
    end
  ) stored,
  -- What the provider has received, in the row's currency; refunds may not exceed it.
  amount_captured numeric(10, 2),
  -- Refunds under way or done. Kept by a trigger on payments.refunds, whose row lock makes the constraint hold in races.
  amount_refunded numeric(10, 2) not null default 0,
  -- Part of the amount that the payer adds for the provider's fee.
  processing_fee numeric(10, 2) not null default 0,
  capture_method text not null default 'automatic',
  -- Column of the paid row that links here. Where it is known, a record has at most one attempt that is open or paid.
  entity_column text,
  -- The provider's own word for the state, and the time of the newest event that was applied.
  provider_status text,
  provider_event_at timestamptz,
  livemode boolean,
  authorization_expires_at timestamptz,
  dispute_status text,
  -- Counts changes of the row, so that what was read from the provider is not written over something newer.
  ledger_version integer not null default 0,
  constraint amount_captured_check check (amount_captured >= 0 and amount_captured <= amount),
  constraint refunds_within_captured check (amount_refunded >= 0 and amount_refunded <= coalesce(amount_captured, 0)),
  constraint processing_fee_check check (processing_fee >= 0 and processing_fee < amount),
  constraint valid_capture_method check (capture_method = any (array['automatic'::text, 'manual'::text])),
  -- Currencies without decimals have whole amounts.
  constraint whole_amount_check check (
    currency <> all (array[
      'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF',
      'XPF'
    ])
    or amount = trunc(amount)
  )
);
create index idx_payments_transactions_user_id on payments.transactions (user_id);
create index idx_payments_transactions_status on payments.transactions (status);
create index idx_payments_transactions_created_at on payments.transactions (created_at desc);
create index idx_payments_transactions_provider_payment_id on payments.transactions (provider_payment_id)
  where provider_payment_id is not null;
create unique index one_open_or_paid_payment on payments.transactions (entity_type, entity_id, entity_column)
  where entity_column is not null
    and status = any (array[
      'pending_intent'::text, 'pending'::text, 'requires_action'::text, 'authorized'::text, 'succeeded'::text
    ]);
create index idx_transactions_entity on payments.transactions (entity_type, entity_id) where entity_type is not null;

create table payments.refunds (
  id uuid default gen_random_uuid() constraint refunds_pkey primary key,
  transaction_id uuid not null
    constraint refunds_transaction_id_fkey references payments.transactions (id) on delete restrict,
  amount numeric(10, 2) not null constraint refunds_amount_check check (amount > 0),
  reason text not null constraint refunds_reason_check check (length(trim(reason)) >= 10),
  -- Nobody: the refund was made at the provider, in its dashboard.
  initiated_by uuid constraint refunds_initiated_by_fkey references metadata.civic_os_users (id),
  provider_refund_id text,
  status text not null default 'pending'
    constraint refunds_status_check check (status = any (array['pending'::text, 'succeeded'::text, 'failed'::text])),
  error_message text,
  created_at timestamptz not null default now(),
  processed_at timestamptz,
  -- The provider's own word: pending, requires_action, succeeded, failed, canceled.
  provider_status text
);
create unique index refunds_provider_refund_id on payments.refunds (provider_refund_id)
  where provider_refund_id is not null;
create index idx_refunds_transaction_id on payments.refunds (transaction_id);
create index idx_refunds_initiated_by on payments.refunds (initiated_by);
create index idx_refunds_status on payments.refunds (status);
create index idx_refunds_created_at on payments.refunds (created_at desc);

-- Every verified event of the provider. D-31: operators' queries ask for `created_at`.
create table metadata.webhooks (
  id uuid default gen_random_uuid() constraint webhooks_pkey primary key,
  provider text not null,
  provider_event_id text not null,
  event_type text not null,
  payload jsonb not null,
  signature_verified boolean not null default false,
  processed boolean not null default false,
  error_message text,
  received_at timestamptz not null default now(),
  processed_at timestamptz,
  created_at timestamptz generated always as (received_at) stored,
  livemode boolean,
  -- How often it was tried, and what became of it: applied, unchanged, stale, ignored, unmatched, refused, …
  attempts integer not null default 0,
  outcome text,
  constraint unique_webhook_event unique (provider, provider_event_id)
);
create index idx_webhooks_provider_event on metadata.webhooks (provider, provider_event_id);
create index idx_webhooks_processed on metadata.webhooks (processed, received_at);
create index idx_webhooks_event_type on metadata.webhooks (event_type);

-- Clients hold no privileges on the two tables: they read the views. Policies serve applications' invoker code.
alter table payments.transactions enable row level security;
create policy "Users see own payments" on payments.transactions
  for select to authenticated using (user_id = public.current_user_id());
create policy "Users create own payments" on payments.transactions
  for insert to authenticated with check (user_id = public.current_user_id());
create policy "Payment managers see all payments" on payments.transactions
  for select to authenticated using (public.has_permission('payment_transactions', 'read'));

alter table payments.refunds enable row level security;
create policy "Refund managers see refunds" on payments.refunds
  for select to authenticated using (public.has_permission('payment_refunds', 'read'));
create policy "Refund managers create refunds" on payments.refunds
  for insert to authenticated with check (public.has_permission('payment_refunds', 'create'));

-- Jobs ------------------------------------------------------------------------------------------------------------

create function payments.enqueue_create_intent_job()
returns trigger
language plpgsql
security definer
set search_path = payments, metadata, public
as $$
begin
  insert into metadata.river_job (kind, args, queue, priority, max_attempts)
  values ('create_payment_intent', jsonb_build_object('payment_id', new.id::text), 'default', 1, 5);
  raise notice 'Payment intent job enqueued for payment %', new.id;
  return new;
end
$$;

create trigger enqueue_create_intent_job_trigger
  after insert on payments.transactions
  for each row
  when (new.status = 'pending_intent')
  execute function payments.enqueue_create_intent_job();

-- Functions for applications --------------------------------------------------------------------------------------

-- May an existing attempt be used again? Runs with the caller's rights: for definer functions of applications.
create function payments.check_existing_payment(p_payment_id uuid)
returns text
language plpgsql
stable
as $$
declare
  v_status text;
begin
  if p_payment_id is null then
    return 'create_new';
  end if;
  select t.status into v_status from payments.transactions t where t.id = p_payment_id;
  if not found then
    return 'create_new';
  end if;
  case
    when v_status in ('pending_intent', 'pending', 'requires_action', 'authorized') then return 'reuse';
    when v_status in ('failed', 'canceled') then return 'create_new';
    when v_status = 'succeeded' then return 'duplicate';
    else raise exception 'Unexpected payment status: %', v_status;
  end case;
end
$$;

-- Creates an attempt and links it to the row it pays for. The table is found by this function's search path.
create function payments.create_and_link_payment(
  p_entity_table_name name,
  p_entity_id_column_name name,
  p_entity_id_value anyelement,
  p_payment_column_name name,
  p_amount numeric,
  p_description text,
  p_user_id uuid default public.current_user_id(),
  p_currency text default payments.default_currency()
)
returns uuid
language plpgsql
security definer
set search_path = payments, metadata, public
as $$
declare
  v_payment_id uuid;
  v_rows bigint;
begin
  if p_amount is null or p_amount <= 0 then
    raise exception 'Invalid payment amount: %. Amount must be greater than zero.', p_amount;
  end if;
  if p_user_id is null then
    raise exception 'User ID required for payment creation';
  end if;

  begin
    insert into payments.transactions
      (user_id, amount, currency, status, description, entity_type, entity_id, entity_column)
    values (
      p_user_id, p_amount, p_currency, 'pending_intent', p_description, p_entity_table_name, p_entity_id_value::text,
      p_payment_column_name
    )
    returning id into v_payment_id;
  exception
    when check_violation or not_null_violation then
      -- D-30: the currencies that the table accepts, no longer dollars alone.
      raise exception 'Unsupported currency or amount: % %', p_amount, p_currency;
    when unique_violation then
      -- Somebody pressed twice, or two people did: the same attempt is used again, and what is paid stays paid.
      select t.id into v_payment_id
      from payments.transactions t
      where t.entity_type = p_entity_table_name
        and t.entity_id = p_entity_id_value::text
        and t.entity_column = p_payment_column_name
        and t.user_id = p_user_id
        and t.currency = p_currency
        and t.amount - t.processing_fee = p_amount
        and t.status = any (array['pending_intent', 'pending', 'requires_action', 'authorized']);
      if not found then
        raise exception 'This record is paid already, or somebody is paying for it'
          using errcode = 'unique_violation', hint = 'Look at its payment before creating another';
      end if;
  end;

  execute format(
    'update %I set %I = $1 where %I = $2', p_entity_table_name, p_payment_column_name, p_entity_id_column_name
  )
  using v_payment_id, p_entity_id_value;
  -- W6 (D-28): a dynamic statement does not set FOUND.
  get diagnostics v_rows = row_count;
  if v_rows = 0 then
    raise exception 'Entity not found: %.% = %', p_entity_table_name, p_entity_id_column_name, p_entity_id_value;
  end if;
  return v_payment_id;
end
$$;

-- W8 (D-13): the intent is made by a worker that sees the row only after this transaction; waiting here can only time
-- out. The pending payment is returned at once, and the client polls payment_transactions.
create function public.create_payment_intent_sync(p_amount numeric, p_description text default null)
returns jsonb
language plpgsql
security definer
set search_path = payments, metadata, public
as $$
declare
  v_payment payments.transactions;
begin
  if public.current_user_id() is null then
    raise exception 'Authentication required'
      using hint = 'User must be authenticated to create payment';
  end if;
  if p_amount is null or p_amount <= 0 then
    raise exception 'Invalid payment amount: %', p_amount
      using hint = 'Amount must be greater than zero';
  end if;

  insert into payments.transactions (user_id, amount, description, status)
  values (public.current_user_id(), p_amount, p_description, 'pending_intent')
  returning * into v_payment;
  return jsonb_build_object(
    'payment_id', v_payment.id,
    'client_secret', v_payment.provider_client_secret,
    'amount', v_payment.amount,
    'currency', v_payment.currency,
    'status', v_payment.status,
    'description', v_payment.description
  );
end
$$;

create function public.initiate_payment_refund(p_payment_id uuid, p_amount numeric, p_reason text)
returns uuid
language plpgsql
security definer
set search_path = payments, metadata, public
as $$
declare
  v_payment payments.transactions;
  v_pending integer;
  v_refunded numeric;
  v_refund_id uuid;
begin
  if public.current_user_id() is null then
    raise exception 'Authentication required';
  end if;
  if not public.has_permission('payment_refunds', 'create') then
    raise exception 'Missing payment_refunds:create permission'
      using hint = 'Contact administrator to grant payment refund permissions';
  end if;
  if p_reason is null or length(trim(p_reason)) < 10 then
    raise exception 'Refund reason must be at least 10 characters'
      using hint = 'Provide a detailed reason for the refund';
  end if;

  -- The lock makes two refunds of one payment queue up, so that the sums below hold.
  select * into v_payment from payments.transactions t where t.id = p_payment_id for update;
  if not found then
    raise exception 'Payment not found: %', p_payment_id;
  end if;
  if v_payment.status <> 'succeeded' then
    raise exception 'Can only refund succeeded payments (current status: %)', v_payment.status
      using hint = 'Payment must have succeeded before it can be refunded';
  end if;

  select
    count(*) filter (where r.status = 'pending'),
    coalesce(sum(r.amount) filter (where r.status = 'succeeded'), 0)
  into v_pending, v_refunded
  from payments.refunds r
  where r.transaction_id = p_payment_id;
  if v_pending > 0 then
    raise exception 'Payment has % pending refund(s). Wait for them to complete before issuing another.', v_pending
      using hint = 'Pending refunds must complete or fail before new refunds can be initiated';
  end if;
  if p_amount is null or p_amount <= 0 then
    raise exception 'Invalid refund amount: %', p_amount
      using hint = 'Refund amount must be greater than zero';
  end if;
  -- Of a deferred payment less than the amount may have been captured.
  v_payment.amount := coalesce(v_payment.amount_captured, v_payment.amount);
  if v_refunded + p_amount > v_payment.amount then
    raise exception 'Total refunds ($%) would exceed payment amount ($%). Already refunded: $%',
      v_refunded + p_amount, v_payment.amount, v_refunded
      using hint = format('Maximum additional refund allowed: $%s', v_payment.amount - v_refunded);
  end if;

  insert into payments.refunds (transaction_id, amount, reason, initiated_by)
  values (p_payment_id, p_amount, trim(p_reason), public.current_user_id())
  returning id into v_refund_id;
  -- D-15: minor units from the stored decimal, never through floating point.
  insert into metadata.river_job (kind, args, queue, priority, max_attempts)
  select
    'process_refund',
    jsonb_build_object(
      'refund_id', r.id::text,
      'payment_intent_id', v_payment.provider_payment_id,
      'amount_cents', (r.amount * payments.minor_unit_factor(v_payment.currency))::bigint
    ),
    'default',
    1,
    3
  from payments.refunds r
  where r.id = v_refund_id;
  return v_refund_id;
end
$$;

-- A computed column of the owner.
create function payments.effective_status(payments.transactions)
returns text
language plpgsql
stable
as $$
declare
  v_refunded numeric;
  v_pending boolean;
begin
  select coalesce(sum(r.amount) filter (where r.status = 'succeeded'), 0), coalesce(bool_or(r.status = 'pending'), false)
  into v_refunded, v_pending
  from payments.refunds r
  where r.transaction_id = $1.id;
  return case
    when v_refunded > 0 and v_refunded >= coalesce($1.amount_captured, $1.amount) then 'refunded'
    when v_refunded > 0 then 'partially_refunded'
    when v_pending then 'refund_pending'
    else coalesce($1.status, 'unpaid')
  end;
end
$$;

-- Notices ---------------------------------------------------------------------------------------------------------

-- D-14: a notice that cannot be written must not undo the ledger. The failure is logged, the payment stays paid.
create function payments.notify_payment_succeeded()
returns trigger
language plpgsql
security definer
set search_path = payments, metadata, public
as $$
begin
  if new.status = 'succeeded' and old.status is distinct from 'succeeded' then
    begin
      perform public.create_notification(
        p_user_id := new.user_id,
        p_template_name := 'payment_succeeded',
        p_entity_type := 'payments.transactions',
        p_entity_id := new.id::varchar,
        p_entity_data := jsonb_build_object(
          'id', new.id,
          'amount', new.amount,
          'currency', new.currency,
          'description', new.description,
          'display_name', new.display_name
        ),
        p_channels := array['email']
      );
    exception
      when others then
        raise warning 'The notice of payment % could not be created: %', new.id, sqlerrm;
    end;
  end if;
  return new;
end
$$;

create trigger payment_succeeded_notification
  after update on payments.transactions
  for each row execute function payments.notify_payment_succeeded();

create function payments.notify_refund_succeeded()
returns trigger
language plpgsql
security definer
set search_path = payments, metadata, public
as $$
declare
  v_payment payments.transactions;
  v_refunds jsonb;
  v_total numeric;
begin
  if new.status = 'succeeded' and old.status is distinct from 'succeeded' then
    begin
      select * into v_payment from payments.transactions t where t.id = new.transaction_id;
      select
        jsonb_agg(
          jsonb_build_object(
            'amount', '$' || to_char(r.amount, 'FM999,999,990.00'),
            'reason', coalesce(r.reason, 'No reason provided'),
            'status', r.status,
            'created_at', r.created_at
          )
          order by r.created_at
        ),
        coalesce(sum(r.amount) filter (where r.status = 'succeeded'), 0)
      into v_refunds, v_total
      from payments.refunds r
      where r.transaction_id = new.transaction_id;

      perform public.create_notification(
        p_user_id := v_payment.user_id,
        p_template_name := 'payment_refunded',
        p_entity_type := 'payments.refunds',
        p_entity_id := new.id::varchar,
        p_entity_data := jsonb_build_object(
          'id', new.id,
          'payment', jsonb_build_object(
            'description', v_payment.description, 'display_name', v_payment.display_name
          ),
          'refunds', v_refunds,
          'total_refunded', '$' || to_char(v_total, 'FM999,999,990.00'),
          'remaining', '$' || to_char(coalesce(v_payment.amount_captured, v_payment.amount) - v_total, 'FM999,999,990.00')
        ),
        p_channels := array['email']
      );
    exception
      when others then
        raise warning 'The notice of refund % could not be created: %', new.id, sqlerrm;
    end;
  end if;
  return new;
end
$$;

create trigger refund_succeeded_notification
  after update on payments.refunds
  for each row execute function payments.notify_refund_succeeded();

-- Views for people ------------------------------------------------------------------------------------------------

-- W3 (D-01): own payments, or all with `payment_transactions` read; the owner and its definer functions see all. The
-- client secret is the payer's alone, while there is something to pay. Words of 0.15 in `status` and
-- `effective_status`; `exact_status` has the two new ones (D-30). `stripe_payment_intent_id`: D-31.
-- `security_barrier`: a caller's filter must not see rows before this condition does.
create view public.payment_transactions
with (security_barrier = true)
as
select
  t.id,
  t.user_id,
  u.display_name as user_display_name,
  u.full_name as user_full_name,
  u.email as user_email,
  t.amount,
  t.currency,
  case when t.status in ('requires_action', 'authorized') then 'pending' else t.status end as status,
  t.provider_payment_id,
  coalesce(r.total_refunded, 0) as total_refunded,
  coalesce(r.refund_count, 0) as refund_count,
  coalesce(r.pending_refund_count, 0) as pending_refund_count,
  case
    when r.total_refunded > 0 and r.total_refunded >= coalesce(t.amount_captured, t.amount) then 'refunded'
    when r.total_refunded > 0 then 'partially_refunded'
    when r.pending_refund_count > 0 then 'refund_pending'
    when t.status in ('requires_action', 'authorized') then 'pending'
    else t.status
  end as effective_status,
  t.error_message,
  t.provider,
  case
    when t.user_id = public.current_user_id() and t.status in ('pending_intent', 'pending', 'requires_action')
      then t.provider_client_secret
    when not row_security_active('payments.transactions'::regclass) then t.provider_client_secret
  end as provider_client_secret,
  t.description,
  t.display_name,
  t.created_at,
  t.updated_at,
  t.entity_type,
  t.entity_id,
  coalesce(e.display_name, t.entity_type) as entity_display_name,
  t.status as exact_status,
  t.provider_payment_id as stripe_payment_intent_id,
  t.processing_fee,
  t.amount_captured,
  t.capture_method,
  t.authorization_expires_at,
  t.dispute_status
from payments.transactions t
left join public.civic_os_users u on u.id = t.user_id
left join metadata.entities e on e.table_name = t.entity_type
left join lateral (
  select
    sum(f.amount) filter (where f.status = 'succeeded') as total_refunded,
    count(*) filter (where f.status = 'succeeded') as refund_count,
    count(*) filter (where f.status = 'pending') as pending_refund_count
  from payments.refunds f
  where f.transaction_id = t.id
) r on true
where t.user_id = public.current_user_id()
  or (select public.has_permission('payment_transactions', 'read'))
  or not row_security_active('payments.transactions'::regclass);

grant select on public.payment_transactions to web_anon, authenticated;

-- W3 (D-01): refunds of own payments, or all with `payment_refunds` read.
create view public.payment_refunds
with (security_barrier = true)
as
select
  f.id,
  f.transaction_id,
  f.amount,
  f.reason,
  f.initiated_by,
  u.display_name as initiated_by_name,
  f.provider_refund_id,
  f.status,
  f.error_message,
  f.created_at,
  f.processed_at,
  t.amount as payment_amount,
  t.description as payment_description,
  t.provider_payment_id,
  f.provider_status,
  t.currency as payment_currency
from payments.refunds f
join payments.transactions t on t.id = f.transaction_id
left join metadata.civic_os_users u on u.id = f.initiated_by
where t.user_id = public.current_user_id()
  or (select public.has_permission('payment_refunds', 'read'))
  or not row_security_active('payments.refunds'::regclass);

grant select on public.payment_refunds to authenticated;

-- W7 (D-03)
revoke execute on function
  payments.check_existing_payment(uuid),
  payments.create_and_link_payment(name, name, anyelement, name, numeric, text, uuid, text),
  public.create_payment_intent_sync(numeric, text),
  public.initiate_payment_refund(uuid, numeric, text)
from public;
grant execute on function
  payments.check_existing_payment(uuid),
  payments.create_and_link_payment(name, name, anyelement, name, numeric, text, uuid, text),
  public.create_payment_intent_sync(numeric, text),
  public.initiate_payment_refund(uuid, numeric, text)
to authenticated;

insert into metadata.notification_templates
  (name, description, entity_type, subject_template, html_template, text_template)
values
  (
    'payment_succeeded',
    'Sent to the payer when a payment has gone through',
    'payments.transactions',
    'Payment received: {{.Entity.description}}',
    '<p>Thank you. We received your payment.</p>
<p><strong>{{.Entity.description}}</strong><br>{{.Entity.display_name}}</p>
<p>Please keep this message as your receipt.</p>',
    'Thank you. We received your payment.

{{.Entity.description}}
{{.Entity.display_name}}

Please keep this message as your receipt.'
  ),
  (
    'payment_refunded',
    'Sent to the payer when a refund has gone through',
    'payments.refunds',
    'Refund issued: {{.Entity.payment.description}}',
    '<p>A refund of your payment has been issued.</p>
<p><strong>{{.Entity.payment.description}}</strong><br>{{.Entity.payment.display_name}}</p>
<ul>{{range .Entity.refunds}}<li>{{.amount}} ({{.status}}): {{.reason}}</li>{{end}}</ul>
<p>Refunded in total: {{.Entity.total_refunded}}<br>Remaining: {{.Entity.remaining}}</p>',
    'A refund of your payment has been issued.

{{.Entity.payment.description}}
{{.Entity.payment.display_name}}
{{range .Entity.refunds}}
- {{.amount}} ({{.status}}): {{.reason}}{{end}}

Refunded in total: {{.Entity.total_refunded}}
Remaining: {{.Entity.remaining}}'
  );
