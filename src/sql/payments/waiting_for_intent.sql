-- Payments that wait for an intent longer than they should. $1 seconds. Called by payments::reconcile.
select t.id
from payments.transactions t
where t.status = 'pending_intent' and t.created_at < now() - make_interval(secs => $1::float8)
order by t.created_at
limit 1000
