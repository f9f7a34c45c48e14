-- Reservations that end soon. $1 hours. Called by payments::reconcile.
select t.id, extract(epoch from t.authorization_expires_at - now())::bigint
from payments.transactions t
where t.status = 'authorized' and t.authorization_expires_at < now() + make_interval(hours => $1::integer)
order by t.authorization_expires_at
limit 1000
