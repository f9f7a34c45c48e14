-- Keeps a password in the session for set_login_password.sql. Parameter: $1 password. Caller: cluster::bootstrap.
select set_config('civic_os.password', $1::text, false) is not null
