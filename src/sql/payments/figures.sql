-- Figures for doctor and for `payments show` without a name. Called by payments::store.
select
    (select count(*) from payments.transactions t where t.status = 'pending_intent' and t.created_at < now() - interval '15 minutes'),
    (select count(*) from metadata.webhooks w where not w.processed and w.error_message is not null),
    (select count(*) from payments.refunds f where f.status = 'pending' and f.created_at < now() - interval '1 day'),
    (select count(*) from payments.transactions t where t.status = 'authorized' and t.authorization_expires_at < now() + interval '1 day'),
    (select coalesce(jsonb_object_agg(c.status, c.number), '{}') from (select t.status, count(*) as number from payments.transactions t group by 1) c)
