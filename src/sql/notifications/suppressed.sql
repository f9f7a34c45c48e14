-- Whether a number opted out. $1 channel, $2 address. Called by notifications::store.
select s.reason from metadata.notification_suppressions s where s.channel = $1::text and s.address = lower($2::text)
