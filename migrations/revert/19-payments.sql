delete from metadata.permission_roles r
using metadata.permissions p
where p.id = r.permission_id and p.table_name = 'payment_transactions' and p.permission = 'update';
delete from metadata.permissions where table_name = 'payment_transactions' and permission = 'update';
drop function public.cancel_payment(uuid);
drop function public.capture_payment(uuid, numeric);
drop policy "Payment jobs keep refunds" on payments.refunds;
drop policy "Payment jobs keep the ledger" on payments.transactions;
drop policy "Payment jobs keep the settings" on payments.settings;
revoke all on metadata.webhooks, payments.refunds, payments.transactions, payments.settings from civic_os_payments;
drop function payments.settle_event(uuid, jsonb);
drop function payments.record_refund(uuid, text, text, bigint, text, text, text);
drop function payments.record_intent(uuid, text, text, text, text, numeric, text, boolean, timestamptz, integer, timestamptz);
drop function payments.relink(uuid, uuid);
drop function payments.enqueue_sync(uuid);
drop trigger count_refund on payments.refunds;
drop function payments.count_refund();
drop trigger guard_transaction on payments.transactions;
drop function payments.guard_transaction();
drop function payments.may_become(text, text);
