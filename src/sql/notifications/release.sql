-- An opt-out taken back. $1 channel, $2 address. Called by notifications::store.
delete from metadata.notification_suppressions s
where s.channel = $1::text and s.address = lower($2::text) and s.reason = 'opt_out'
