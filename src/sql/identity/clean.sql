-- Forgets what is over. $1 idle seconds, $2 longest seconds of a session, $3 seconds that a key stays published after the next one has taken over.
-- Called by identity::provider.
with sessions as (
  delete from civic_os_identity.sessions
  where last_used_at < now() - make_interval(secs => $1::float8)
    or signed_in_at < now() - make_interval(secs => $2::float8)
),
codes as (
  delete from civic_os_identity.codes where created_at < now() - interval '10 minutes'
),
links as (
  delete from civic_os_identity.links where expires_at < now()
),
attempts as (
  delete from civic_os_identity.attempts where last_at < now() - interval '1 hour'
)
delete from civic_os_identity.signing_keys old
where exists (
  select
  from civic_os_identity.signing_keys new
  where new.signs_from > old.signs_from and new.signs_from < now() - make_interval(secs => $3::float8)
)
