-- Never again to this address. $1 channel, $2 address, $3 reason, $4 detail. Called by notifications::store.
insert into metadata.notification_suppressions (channel, address, reason, detail)
values ($1::text, lower($2::text), $3::text, $4::text)
on conflict (channel, address) do update set reason = excluded.reason, detail = excluded.detail, created_at = now()
