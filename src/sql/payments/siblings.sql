-- Intents of other attempts at the same record that a payer could still confirm. $1 id of the payment. Called by payments::store.
select o.id
from payments.transactions t
join payments.transactions o
    on o.entity_type = t.entity_type and o.entity_id = t.entity_id and o.entity_column = t.entity_column and o.id <> t.id
where t.id = $1::uuid and t.entity_column is not null and o.provider_payment_id is not null and o.status not in ('succeeded', 'canceled')
order by o.created_at
