-- Writes what became of messages. $1 [{"key", "state", "reply"}]. Called by notifications::store.
update metadata.notification_deliveries d
set state = r.state, reply = r.reply, finished_at = now()
from jsonb_to_recordset($1::jsonb) as r (key text, state text, reply text)
where d.key = r.key
