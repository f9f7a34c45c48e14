-- What the configuration says about new payments. $1 currency, $2 fee in per cent, $3 fixed fee. Called by payments::store.
insert into payments.settings as s (currency, fee_percent, fee_fixed)
values ($1::text, $2::numeric, $3::numeric)
on conflict (only_row) do update
set currency = excluded.currency, fee_percent = excluded.fee_percent, fee_fixed = excluded.fee_fixed
where (s.currency, s.fee_percent, s.fee_fixed) is distinct from (excluded.currency, excluded.fee_percent, excluded.fee_fixed)
returning 1
