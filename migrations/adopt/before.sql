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
    'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
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

-- D-31
alter table metadata.webhooks add column created_at timestamptz generated always as (received_at) stored;

-- D-02: who asked is not known of requests of the past; a volatile default would name whoever runs this.
alter table metadata.file_upload_requests add column requested_by uuid;
alter table metadata.file_upload_requests alter column requested_by set default public.current_user_id();

-- D-33
drop index metadata.river_job_kind_unique_key_idx;
