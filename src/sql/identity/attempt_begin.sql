-- Counts an attempt as failed, or says how many seconds to wait. $1 hash of the account, $2 hash of the address, $3 and $4 failures that cost
-- nothing for each. Called by identity::throttle.
select civic_os_identity.begin_attempt($1::text, $2::text, $3::integer, $4::integer)::text
