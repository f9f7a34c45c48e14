-- Second transaction of an event. $1 row of the inbox, $2 what the event changes. Called by payments::store.
select payments.settle_event($1::uuid, $2::jsonb)
