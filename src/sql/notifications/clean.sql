-- Requests of the template editor that nobody waits for any more, and the ledger of mails that belong to no notification.
-- Called by notifications::store.
with requests as (
  delete from metadata.template_validation_results r where r.created_at < now() - interval '1 hour' returning 1
),
ledger as (
  delete from metadata.notification_deliveries d
  where d.notification_id is null and d.state <> 'sending' and d.started_at < now() - interval '90 days'
  returning 1
)
select (select count(*) from requests) + (select count(*) from ledger)
