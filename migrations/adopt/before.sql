-- A database of release 0.15.0 that Sqitch deployed, on its way to ours: what cannot be told from the facts of the
-- verify scripts. Columns and constraints that are merely new, or constraints that are otherwise, are added after this
-- by themselves. User data stays as it is.

-- The view is made anew below; nothing of the core depends on it.
drop view public.payment_transactions;

-- D-30
alter table payments.transactions drop constraint valid_currency;
alter table payments.transactions add constraint valid_currency check (
  currency ~ '^[A-Z]{3}$'
  and currency <> all (array['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND', 'CLF', 'UYW'])
);
alter table payments.transactions drop constraint valid_status;
alter table payments.transactions add constraint valid_status check (
  status = any (array[
    'pending_intent'::text, 'pending'::text, 'requires_action'::text, 'authorized'::text, 'succeeded'::text,
    'failed'::text, 'canceled'::text
  ])
);
alter table payments.transactions add constraint whole_amount_check check (
  currency <> all (array[
    'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF',
    'XPF'
  ])
  or amount = trunc(amount)
);
alter table payments.transactions drop column display_name;
alter table payments.transactions add column display_name text generated always as (
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
) stored;

-- The exact ledger (docs/payments.md). What 0.15 calls succeeded was captured whole.
create table payments.settings (
  only_row boolean default true constraint settings_pkey primary key constraint settings_only_row check (only_row),
  currency text not null default 'USD',
  fee_percent numeric(7, 4) not null default 0 constraint settings_fee_percent check (fee_percent >= 0 and fee_percent < 50),
  fee_fixed numeric(10, 2) not null default 0 constraint settings_fee_fixed check (fee_fixed >= 0)
);
create function payments.default_currency() returns text language sql as $$ select 'USD' $$;
alter table payments.transactions
  alter column currency set default payments.default_currency(),
  add column amount_captured numeric(10, 2),
  add column amount_refunded numeric(10, 2) not null default 0,
  add column processing_fee numeric(10, 2) not null default 0,
  add column capture_method text not null default 'automatic',
  add column entity_column text,
  add column provider_status text,
  add column provider_event_at timestamptz,
  add column livemode boolean,
  add column authorization_expires_at timestamptz,
  add column dispute_status text,
  add column ledger_version integer not null default 0;
update payments.transactions set amount_captured = amount where status = 'succeeded';
-- A race of 0.15 could refund more than was paid; the ledger counts no more than there was.
update payments.transactions t
set amount_refunded = least(t.amount_captured, r.total)
from (
  select f.transaction_id, sum(f.amount) as total from payments.refunds f where f.status <> 'failed' group by 1
) r
where r.transaction_id = t.id and t.amount_captured is not null;
alter table payments.transactions
  add constraint amount_captured_check check (amount_captured >= 0 and amount_captured <= amount),
  add constraint refunds_within_captured check (amount_refunded >= 0 and amount_refunded <= coalesce(amount_captured, 0)),
  add constraint processing_fee_check check (processing_fee >= 0 and processing_fee < amount),
  add constraint valid_capture_method check (capture_method = any (array['automatic'::text, 'manual'::text]));
alter table payments.refunds alter column initiated_by drop not null, add column provider_status text;

-- D-31
alter table metadata.webhooks
  add column created_at timestamptz generated always as (received_at) stored,
  add column livemode boolean,
  add column attempts integer not null default 0,
  add column outcome text;

-- D-02: who asked is not known of requests of the past; a volatile default would name whoever runs this.
alter table metadata.file_upload_requests add column requested_by uuid;
alter table metadata.file_upload_requests alter column requested_by set default public.current_user_id();

-- D-33
drop index metadata.river_job_kind_unique_key_idx;
