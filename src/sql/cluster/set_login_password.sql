-- Sets the password of the pool's login to the setting civic_os.password of this session: utility statements take no
-- parameters. Caller: cluster::bootstrap.
do $$
begin
  execute format('alter role authenticator password %L', current_setting('civic_os.password'));
end
$$
