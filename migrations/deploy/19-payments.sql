-- The ledger of payments: which state may follow which, refunds within what was captured, events of the provider, and
-- what people and jobs ask for. The same edges stand in the code (payments::ledger); a test compares them.

create function payments.may_become(p_from text, p_to text)
returns boolean
language sql
immutable
as $$
  select case p_from
    when 'pending_intent' then p_to in ('pending', 'requires_action', 'authorized', 'succeeded', 'failed', 'canceled')
    when 'pending' then p_to in ('requires_action', 'authorized', 'succeeded', 'failed', 'canceled')
    when 'requires_action' then p_to in ('pending', 'authorized', 'succeeded', 'failed', 'canceled')
    when 'failed' then p_to in ('pending', 'requires_action', 'authorized', 'succeeded', 'canceled')
    when 'authorized' then p_to in ('succeeded', 'canceled')
    else false
  end
$$;

-- Refuses states that cannot follow, whoever writes them, and fills what follows from the state.
create function payments.guard_transaction()
returns trigger
language plpgsql
security definer
set search_path = payments, metadata, public
as $$
begin
  if tg_op = 'INSERT' then
    if new.processing_fee = 0 and new.amount > 0 and new.status = 'pending_intent' then
      new.processing_fee := payments.processing_fee(new.amount, new.currency);
      new.amount := new.amount + new.processing_fee;
    end if;
    if exists (
      select
      from metadata.entities e
      where e.table_name = new.entity_type and e.payment_capture_mode = 'deferred'
    ) then
      new.capture_method := 'manual';
    end if;
  else
    if new.status is distinct from old.status and not payments.may_become(old.status, new.status) then
      raise exception 'A payment that is % cannot become %', old.status, new.status
        using errcode = 'check_violation', constraint = 'may_become', table = 'transactions', schema = 'payments';
    end if;
    new.ledger_version := old.ledger_version + 1;
  end if;
  if new.status = 'succeeded' and new.amount_captured is null then
    new.amount_captured := new.amount;
  end if;
  return new;
end
$$;

create trigger guard_transaction
  before insert or update on payments.transactions
  for each row execute function payments.guard_transaction();

-- Keeps payments.transactions.amount_refunded. The update locks the payment, so refunds of one payment queue up, and the
-- constraint refunds_within_captured decides about each with all the others counted.
create function payments.count_refund()
returns trigger
language plpgsql
security definer
set search_path = payments, metadata, public
as $$
declare
  v_before numeric := 0;
  v_after numeric := 0;
begin
  if tg_op = 'UPDATE' and new.transaction_id <> old.transaction_id then
    raise exception 'A refund stays with its payment' using errcode = 'check_violation';
  end if;
  if tg_op <> 'INSERT' and old.status <> 'failed' then
    v_before := old.amount;
  end if;
  if tg_op <> 'DELETE' and new.status <> 'failed' then
    v_after := new.amount;
  end if;
  if v_before <> v_after then
    update payments.transactions t
    set amount_refunded = t.amount_refunded + v_after - v_before
    where t.id = case when tg_op = 'DELETE' then old.transaction_id else new.transaction_id end;
  end if;
  return null;
end
$$;

create trigger count_refund
  after insert or update or delete on payments.refunds
  for each row execute function payments.count_refund();

-- Asks a worker to compare one payment with the provider.
create function payments.enqueue_sync(p_payment_id uuid)
returns void
language sql
set search_path = payments, metadata, public
as $$
  insert into metadata.river_job (kind, args, queue, priority, max_attempts)
  select 'sync_payment', jsonb_build_object('payment_id', p_payment_id::text), 'default', 2, 8
  where not exists (
    select
    from metadata.river_job j
    where j.kind = 'sync_payment'
      and j.state in ('available', 'scheduled', 'retryable', 'pending')
      and j.args ->> 'payment_id' = p_payment_id::text
  )
$$;

-- Points a record that links one attempt to another one. The table is found as create_and_link_payment finds it; a
-- failure is a warning, never a lost payment.
create function payments.relink(p_from uuid, p_to uuid)
returns void
language plpgsql
security definer
set search_path = payments, metadata, public
as $$
declare
  v_payment payments.transactions;
begin
  select * into v_payment from payments.transactions t where t.id = p_to;
  execute format('update %I set %I = $1 where %I = $2', v_payment.entity_type, v_payment.entity_column, v_payment.entity_column)
  using p_to, p_from;
exception
  when others then
    raise warning 'The record of payment % could not be pointed to it: %', p_to, sqlerrm;
end
$$;

-- Writes what the provider says about an intent. All writers of the ledger come through here: jobs, webhooks,
-- reconciliation. p_event_at is null when the provider was asked; then p_version is the row's version before asking.
-- Answers applied, unchanged, stale (older than what is known), raced (ask again), refused (no such edge), unmatched.
create function payments.record_intent(
  p_payment_id uuid,
  p_intent_id text,
  p_client_secret text,
  p_status text,
  p_provider_status text,
  p_captured numeric,
  p_error text,
  p_livemode boolean,
  p_event_at timestamptz,
  p_version integer,
  p_expires_at timestamptz
)
returns text
language plpgsql
set search_path = payments, metadata, public
as $$
declare
  v_payment payments.transactions;
  v_sibling uuid;
  v_result text;
  v_final boolean := p_status in ('succeeded', 'canceled');
begin
  select * into v_payment from payments.transactions t where t.provider_payment_id = p_intent_id for update;
  if not found and p_payment_id is not null then
    -- The event may overtake the job that stores the intent's id: the metadata names the payment.
    select * into v_payment
    from payments.transactions t
    where t.id = p_payment_id and t.provider_payment_id is null
    for update;
  end if;
  if v_payment.id is null then
    return 'unmatched';
  end if;
  if p_version is not null and v_payment.ledger_version <> p_version and not v_final then
    return 'raced';
  end if;
  if p_event_at is not null and p_event_at <= v_payment.provider_event_at and not v_final
    and p_status is distinct from v_payment.status then
    -- The provider's clock counts seconds: of two events of one second the order is unknown. It is asked.
    if p_event_at = v_payment.provider_event_at then
      perform payments.enqueue_sync(v_payment.id);
    end if;
    return 'stale';
  end if;
  v_result := case
    when p_status = v_payment.status then 'unchanged'
    when payments.may_become(v_payment.status, p_status) then 'applied'
    -- What happened before we cancelled and arrives after it: the provider is asked, and the event is settled.
    when p_event_at is not null and v_payment.status = 'canceled' and p_status not in ('succeeded', 'authorized') then 'late'
    when p_status = 'succeeded' or v_payment.status = 'canceled' then 'refused'
    else 'stale'
  end;
  if v_result = 'late' then
    perform payments.enqueue_sync(v_payment.id);
    v_result := 'stale';
  end if;
  if v_result = 'stale' then
    return v_result;
  end if;

  if v_result = 'applied' and v_payment.entity_column is not null and v_payment.status in ('failed', 'canceled') then
    -- A late success. An attempt that took its place has no intent yet (it would have cancelled this one's): it yields.
    select t.id into v_sibling
    from payments.transactions t
    where t.entity_type = v_payment.entity_type
      and t.entity_id = v_payment.entity_id
      and t.entity_column = v_payment.entity_column
      and t.id <> v_payment.id
      and t.status in ('pending_intent', 'pending', 'requires_action', 'authorized', 'succeeded')
    for update;
    if found and p_status <> 'canceled' then
      update payments.transactions t
      set status = 'canceled', error_message = 'An earlier attempt went through after all', updated_at = now()
      where t.id = v_sibling and t.status = 'pending_intent' and t.provider_payment_id is null;
      if found then
        perform payments.relink(v_sibling, v_payment.id);
      elsif v_final or p_status = 'authorized' then
        -- Both took money. The truth is written down, outside the rule of one payment per record, and reported.
        update payments.transactions t
        set entity_column = null,
            error_message = 'Paid a second time: refund this payment or the other one of the same record'
        where t.id = v_payment.id;
        raise warning 'Payment % was captured although payment % pays for the same record', v_payment.id, v_sibling;
      else
        return 'stale';
      end if;
    end if;
  end if;

  update payments.transactions t
  set status = case when v_result = 'applied' then p_status else t.status end,
      provider_payment_id = coalesce(t.provider_payment_id, p_intent_id),
      provider_client_secret = coalesce(t.provider_client_secret, p_client_secret),
      provider_status = case when v_result = 'refused' then t.provider_status else coalesce(p_provider_status, t.provider_status) end,
      amount_captured = case
        when v_result <> 'refused' and p_status = 'succeeded' then coalesce(p_captured, t.amount_captured)
        else t.amount_captured
      end,
      error_message = case
        when v_result = 'refused' then t.error_message
        when p_status = 'failed' then coalesce(p_error, t.error_message)
        when v_result = 'applied' and t.entity_column is not distinct from v_payment.entity_column then null
        else t.error_message
      end,
      livemode = coalesce(p_livemode, t.livemode),
      provider_event_at = case when v_result = 'refused' then t.provider_event_at else greatest(t.provider_event_at, p_event_at) end,
      authorization_expires_at = case
        when p_status = 'authorized' then coalesce(t.authorization_expires_at, p_expires_at)
        else null
      end,
      updated_at = clock_timestamp()
  where t.id = v_payment.id
    and (
      v_result = 'applied'
      or t.provider_payment_id is null
      or (t.provider_client_secret is null and p_client_secret is not null)
      or t.provider_status is distinct from coalesce(p_provider_status, t.provider_status)
      or t.livemode is distinct from coalesce(p_livemode, t.livemode)
      or p_event_at > t.provider_event_at
      or t.provider_event_at is null
      or (p_status = 'failed' and t.error_message is distinct from p_error)
    );
  return v_result;
end
$$;

-- Writes what the provider says about a refund. One that is not ours was made in the provider's dashboard.
create function payments.record_refund(
  p_refund_id uuid,
  p_provider_refund_id text,
  p_intent_id text,
  p_amount_minor bigint,
  p_provider_status text,
  p_error text,
  p_reason text
)
returns text
language plpgsql
set search_path = payments, metadata, public
as $$
declare
  v_payment payments.transactions;
  v_refund payments.refunds;
  v_status text := case
    when p_provider_status = 'succeeded' then 'succeeded'
    when p_provider_status in ('failed', 'canceled') then 'failed'
    else 'pending'
  end;
begin
  -- The payment's lock first, always: refunds of one payment queue up and never wait for each other in a circle.
  select * into v_payment from payments.transactions t where t.provider_payment_id = p_intent_id for update;
  if not found then
    return 'unmatched';
  end if;
  select * into v_refund
  from payments.refunds f
  where f.transaction_id = v_payment.id
    and (f.provider_refund_id = p_provider_refund_id or (f.id = p_refund_id and f.provider_refund_id is null))
  order by f.provider_refund_id nulls last
  limit 1
  for update;
  if not found then
    insert into payments.refunds
      (transaction_id, amount, reason, initiated_by, provider_refund_id, status, provider_status, error_message, processed_at)
    values (
      v_payment.id,
      p_amount_minor::numeric / payments.minor_unit_factor(v_payment.currency),
      'Refunded at the provider' || coalesce(' (' || p_reason || ')', ''),
      null,
      p_provider_refund_id,
      v_status,
      p_provider_status,
      p_error,
      case when v_status <> 'pending' then now() end
    );
    return 'applied';
  end if;
  -- succeeded → failed is possible: the payer's bank may send the money back days later. What failed stays failed.
  if v_refund.status = 'failed' and v_status <> 'failed' or (v_refund.status = 'succeeded' and v_status = 'pending') then
    return 'stale';
  end if;
  if v_refund.status = v_status and v_refund.provider_refund_id is not null
    and v_refund.provider_status is not distinct from p_provider_status then
    return 'unchanged';
  end if;
  update payments.refunds f
  set status = v_status,
      provider_refund_id = p_provider_refund_id,
      provider_status = p_provider_status,
      error_message = case when v_status = 'failed' then coalesce(p_error, f.error_message) end,
      processed_at = case when v_status <> 'pending' then coalesce(f.processed_at, now()) end
  where f.id = v_refund.id;
  return 'applied';
end
$$;

-- The second transaction of an event, after the inbox: applies it and marks the row, or keeps the reason on the row.
create function payments.settle_event(p_webhook_id uuid, p_change jsonb)
returns text
language plpgsql
set search_path = payments, metadata, public
as $$
declare
  v_event metadata.webhooks;
  v_outcome text;
  v_problem text;
  v_payment payments.transactions;
begin
  select * into v_event from metadata.webhooks w where w.id = p_webhook_id for update;
  if not found or v_event.processed then
    return 'duplicate';
  end if;
  begin
    case p_change ->> 'subject'
      when 'intent' then
        v_outcome := payments.record_intent(
          (p_change ->> 'payment_id')::uuid,
          p_change ->> 'intent_id',
          null,
          p_change ->> 'status',
          p_change ->> 'provider_status',
          (
            select (p_change ->> 'captured_minor')::numeric / payments.minor_unit_factor(t.currency)
            from payments.transactions t
            where t.provider_payment_id = p_change ->> 'intent_id'
              or (t.id = (p_change ->> 'payment_id')::uuid and t.provider_payment_id is null)
            limit 1
          ),
          p_change ->> 'error',
          (p_change ->> 'livemode')::boolean,
          to_timestamp((p_change ->> 'created')::bigint),
          null,
          to_timestamp((p_change ->> 'expires')::bigint)
        );
      when 'refund' then
        v_outcome := payments.record_refund(
          (p_change ->> 'refund_id')::uuid,
          p_change ->> 'provider_refund_id',
          p_change ->> 'intent_id',
          (p_change ->> 'amount_minor')::bigint,
          p_change ->> 'provider_status',
          p_change ->> 'error',
          p_change ->> 'reason'
        );
      when 'charge' then
        -- The event names the sum only. Where all that waits must be in it, it has succeeded; the provider tells the rest.
        select * into v_payment
        from payments.transactions t
        where t.provider_payment_id = p_change ->> 'intent_id'
        for update;
        if not found then
          v_outcome := 'unmatched';
        else
          if (p_change ->> 'refunded_minor') is null
            or (p_change ->> 'refunded_minor')::numeric
              >= v_payment.amount_refunded * payments.minor_unit_factor(v_payment.currency) then
            update payments.refunds f
            set status = 'succeeded', processed_at = coalesce(f.processed_at, now())
            where f.transaction_id = v_payment.id and f.status = 'pending';
          end if;
          perform payments.enqueue_sync(v_payment.id);
          v_outcome := 'applied';
        end if;
      when 'dispute' then
        update payments.transactions t
        set dispute_status = p_change ->> 'dispute_status', updated_at = clock_timestamp()
        where t.provider_payment_id = p_change ->> 'intent_id';
        v_outcome := case when found then 'applied' else 'unmatched' end;
      else
        v_outcome := 'ignored';
    end case;
    v_problem := case v_outcome
      when 'unmatched' then format('no payment with the intent %s', coalesce(p_change ->> 'intent_id', '(none)'))
      when 'refused' then format('the payment cannot become %s', p_change ->> 'status')
    end;
  exception
    when query_canceled or deadlock_detected or serialization_failure then
      raise;
    when others then
      v_outcome := 'error';
      v_problem := sqlerrm;
  end;
  update metadata.webhooks w
  set processed = v_problem is null,
      processed_at = case when v_problem is null then now() end,
      error_message = v_problem,
      outcome = v_outcome,
      attempts = w.attempts + 1
  where w.id = p_webhook_id;
  return v_outcome;
end
$$;

-- What people ask for -------------------------------------------------------------------------------------------------

-- Takes the money of an authorized payment, or a part of it; the rest is released.
create function public.capture_payment(p_payment_id uuid, p_amount numeric default null)
returns void
language plpgsql
security definer
set search_path = payments, metadata, public
as $$
declare
  v_payment payments.transactions;
begin
  if public.current_user_id() is null then
    raise exception 'Authentication required';
  end if;
  if not public.has_permission('payment_transactions', 'update') then
    raise exception 'Missing payment_transactions:update permission'
      using hint = 'Contact administrator to grant the permission to capture and cancel payments';
  end if;
  select * into v_payment from payments.transactions t where t.id = p_payment_id for update;
  if not found then
    raise exception 'Payment not found: %', p_payment_id;
  end if;
  if v_payment.status <> 'authorized' then
    raise exception 'Can only capture authorized payments (current status: %)', v_payment.status;
  end if;
  if p_amount <= 0 or p_amount > v_payment.amount then
    raise exception 'Invalid capture amount: %', p_amount
      using hint = format('More than zero and at most %s', v_payment.amount);
  end if;
  insert into metadata.river_job (kind, args, queue, priority, max_attempts)
  values (
    'capture_payment_intent',
    jsonb_strip_nulls(jsonb_build_object('payment_id', p_payment_id::text, 'amount', p_amount::text)),
    'default',
    1,
    8
  );
end
$$;

-- Gives up a payment that is not paid: by its payer, or by whoever may change payments. Releases an authorization.
create function public.cancel_payment(p_payment_id uuid)
returns void
language plpgsql
security definer
set search_path = payments, metadata, public
as $$
declare
  v_payment payments.transactions;
  v_manager boolean := public.has_permission('payment_transactions', 'update');
begin
  if public.current_user_id() is null then
    raise exception 'Authentication required';
  end if;
  select * into v_payment from payments.transactions t where t.id = p_payment_id for update;
  -- A stranger does not learn whether there is such a payment.
  if not found or (v_payment.user_id <> public.current_user_id() and not v_manager) then
    raise exception 'Payment not found: %', p_payment_id;
  end if;
  if v_payment.status = 'authorized' and not v_manager then
    raise exception 'Missing payment_transactions:update permission'
      using hint = 'An authorized payment is cancelled by the office';
  end if;
  if v_payment.status in ('succeeded', 'canceled') then
    raise exception 'Cannot cancel a payment that is %', v_payment.status
      using hint = 'A payment that went through is refunded';
  end if;
  insert into metadata.river_job (kind, args, queue, priority, max_attempts)
  values ('cancel_payment_intent', jsonb_build_object('payment_id', p_payment_id::text), 'default', 1, 8);
end
$$;

revoke execute on function public.capture_payment(uuid, numeric), public.cancel_payment(uuid) from public;
grant execute on function public.capture_payment(uuid, numeric), public.cancel_payment(uuid) to authenticated;
insert into metadata.permissions (table_name, permission) values ('payment_transactions', 'update')
on conflict do nothing;
insert into metadata.permission_roles (permission_id, role_id)
select p.id, r.id
from metadata.permissions p
join metadata.roles r on r.display_name = 'admin'
where p.table_name = 'payment_transactions' and p.permission = 'update'
on conflict do nothing;

-- The narrow role of payment jobs and webhooks ------------------------------------------------------------------------

revoke execute on function
  payments.enqueue_sync(uuid),
  payments.relink(uuid, uuid),
  payments.record_intent(uuid, text, text, text, text, numeric, text, boolean, timestamptz, integer, timestamptz),
  payments.record_refund(uuid, text, text, bigint, text, text, text),
  payments.settle_event(uuid, jsonb)
from public;
grant execute on function
  payments.enqueue_sync(uuid),
  payments.relink(uuid, uuid),
  payments.record_intent(uuid, text, text, text, text, numeric, text, boolean, timestamptz, integer, timestamptz),
  payments.record_refund(uuid, text, text, bigint, text, text, text),
  payments.settle_event(uuid, jsonb)
to civic_os_payments;
grant select, insert, update on payments.settings to civic_os_payments;
grant select, update on payments.transactions to civic_os_payments;
grant select, insert, update on payments.refunds to civic_os_payments;
grant select, insert, update on metadata.webhooks to civic_os_payments;
create policy "Payment jobs keep the settings" on payments.settings
  for all to civic_os_payments using (true) with check (true);
create policy "Payment jobs keep the ledger" on payments.transactions
  for all to civic_os_payments using (true) with check (true);
create policy "Payment jobs keep refunds" on payments.refunds
  for all to civic_os_payments using (true) with check (true);
