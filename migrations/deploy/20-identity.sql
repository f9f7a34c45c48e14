-- The embedded identity provider: people, their sign-ins, its keys. Shared by all processes of an installation.
--
-- Everything is in a schema of its own that no role of requests may use; the provider's statements run as the narrow
-- role civic_os_identity, which the pool's login may become and no token can name.

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'civic_os_identity') then
    begin
      create role civic_os_identity nologin;
    exception
      when duplicate_object or unique_violation then null;
    end;
  end if;
  if not exists (
    select
    from pg_catalog.pg_auth_members m
    where m.roleid = 'civic_os_identity'::regrole and m.member = 'authenticator'::regrole
  ) then
    begin
      grant civic_os_identity to authenticator;
    exception
      -- XX000 is "tuple concurrently updated": another database of this cluster just granted the same.
      when internal_error or unique_violation then null;
    end;
  end if;
end
$$;

create schema civic_os_identity;
grant usage on schema civic_os_identity, metadata to civic_os_identity;
-- Row security of the table lets everybody read names of roles.
grant select on metadata.roles to civic_os_identity;

create table civic_os_identity.people (
  -- The claim `sub`.
  id uuid constraint people_pkey primary key,
  username text not null,
  email text,
  given_name text not null default '',
  family_name text not null default '',
  phone_number text,
  -- argon2id in PHC form; none until an invitation is accepted.
  password_hash text,
  password_changed_at timestamptz,
  enabled boolean not null default true,
  -- Base32; in force once confirmed with a first code.
  totp_secret text,
  totp_confirmed_at timestamptz,
  -- Number of the last time step whose code was used: no code works twice.
  totp_last_step bigint,
  -- SHA-256, base64url.
  recovery_codes text[] not null default '{}',
  created_at timestamptz not null default now(),
  last_sign_in_at timestamptz,
  constraint people_username_length check (char_length(username) between 1 and 200),
  constraint people_email_length check (char_length(email) between 3 and 320)
);
create unique index people_username_key on civic_os_identity.people (lower(username));
create unique index people_email_key on civic_os_identity.people (lower(email));

-- Roles are those of the permissions page: renamed there, they are renamed here; deleted there, nobody has them.
create table civic_os_identity.person_roles (
  person_id uuid not null
    constraint person_roles_person_id_fkey references civic_os_identity.people (id) on delete cascade,
  role_id smallint not null
    constraint person_roles_role_id_fkey references metadata.roles (id) on delete cascade,
  constraint person_roles_pkey primary key (person_id, role_id)
);
create index person_roles_role_id_idx on civic_os_identity.person_roles (role_id);

-- metadata.user_roles is otherwise written at the person's next sign-in; functions that ask for somebody else's roles
-- must not believe the old ones until then.
create function civic_os_identity.follow_roles()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  if tg_op = 'DELETE' then
    delete from metadata.user_roles ur where ur.user_id = old.person_id and ur.role_id = old.role_id;
  else
    insert into metadata.user_roles (user_id, role_id)
    select u.id, new.role_id
    from metadata.civic_os_users u
    where u.id = new.person_id
    on conflict on constraint user_roles_pkey do nothing;
  end if;
  return null;
end
$$;
revoke execute on function civic_os_identity.follow_roles() from public;
create trigger user_roles_follow
  after insert or delete on civic_os_identity.person_roles
  for each row execute function civic_os_identity.follow_roles();

-- Browsers that are signed in. The cookie's value is not here, only its SHA-256.
create table civic_os_identity.sessions (
  -- The claim `sid`.
  sid uuid constraint sessions_pkey primary key,
  cookie_hash text not null constraint sessions_cookie_hash_key unique,
  person_id uuid not null
    constraint sessions_person_id_fkey references civic_os_identity.people (id) on delete cascade,
  signed_in_at timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  address text not null default '',
  browser text not null default ''
);
create index sessions_person_id_idx on civic_os_identity.sessions (person_id);

-- Refresh tokens that descend from one code: only the newest generation is valid.
create table civic_os_identity.token_families (
  id uuid constraint token_families_pkey primary key,
  sid uuid not null
    constraint token_families_sid_fkey references civic_os_identity.sessions (sid) on delete cascade,
  scope text not null,
  generation bigint not null default 0,
  created_at timestamptz not null default now()
);
create index token_families_sid_idx on civic_os_identity.token_families (sid);

create table civic_os_identity.codes (
  code_hash text constraint codes_pkey primary key,
  sid uuid not null
    constraint codes_sid_fkey references civic_os_identity.sessions (sid) on delete cascade,
  redirect_uri text not null,
  code_challenge text not null,
  nonce text,
  scope text not null,
  created_at timestamptz not null default now(),
  -- Spent, and on which tokens; none when the exchange failed.
  used_at timestamptz,
  family_id uuid
);
create index codes_sid_idx on civic_os_identity.codes (sid);

-- Links of invitations and password resets: hashes again.
create table civic_os_identity.links (
  token_hash text constraint links_pkey primary key,
  person_id uuid not null
    constraint links_person_id_fkey references civic_os_identity.people (id) on delete cascade,
  purpose text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint links_purpose check (purpose in ('invitation', 'reset'))
);
create index links_person_id_idx on civic_os_identity.links (person_id);

create table civic_os_identity.signing_keys (
  kid text constraint signing_keys_pkey primary key,
  -- Base64url of the PKCS #8 form.
  private_key text not null,
  created_at timestamptz not null default now(),
  -- Later than created_at, so that every process knows a key before it meets tokens signed with it.
  signs_from timestamptz not null default now(),
  -- Processes that start together agree on one first key.
  is_first boolean not null default false
);
create unique index signing_keys_is_first on civic_os_identity.signing_keys (is_first) where is_first;

-- What only the provider itself has to recognise (refresh tokens, forms) is sealed with this.
create table civic_os_identity.seal (
  is_only boolean not null default true constraint seal_pkey primary key,
  secret text not null,
  constraint seal_is_only check (is_only)
);

-- Failed attempts to sign in, by account and by address, so that the brake holds over restarts and in all processes. Names
-- are hashes: people type passwords into the wrong field.
create table civic_os_identity.attempts (
  name_hash text constraint attempts_pkey primary key,
  failures integer not null default 0,
  last_at timestamptz not null default now(),
  blocked_until timestamptz
);
create index attempts_last_at_idx on civic_os_identity.attempts (last_at);

-- Counts an attempt that has not succeeded yet, or says for how many seconds there is none: many at once gain nothing.
-- After the free failures the pause doubles with each further one; a time of peace forgets them.
create function civic_os_identity.begin_attempt(
  account_hash text, address_hash text, free_for_account integer, free_for_address integer
)
returns double precision
language plpgsql
set search_path = pg_catalog
as $$
declare
  first_pause constant double precision := 30;
  longest_pause constant double precision := 600;
  peace constant interval := '15 minutes';
  wait double precision;
  moment timestamptz;
begin
  insert into civic_os_identity.attempts (name_hash)
  select hash from unnest(array[account_hash, address_hash]) as hash order by hash
  on conflict do nothing;
  -- In order, so that two attempts cannot wait for each other.
  perform 1 from civic_os_identity.attempts a
  where a.name_hash in (account_hash, address_hash)
  order by a.name_hash
  for update;
  -- After the locks: now() is the time at which waiting for them began.
  moment := clock_timestamp();
  select max(extract(epoch from a.blocked_until - moment)) into wait
  from civic_os_identity.attempts a
  where a.name_hash in (account_hash, address_hash) and a.blocked_until > moment;
  if wait is not null then
    return wait;
  end if;
  update civic_os_identity.attempts a
  set
    failures = counted.failures,
    last_at = moment,
    blocked_until = case
      when counted.failures > counted.free then
        moment + make_interval(secs => least(longest_pause, first_pause * 2 ^ least(counted.failures - counted.free - 1, 9)))
    end
  from (
    select
      b.name_hash,
      case when b.last_at > moment - peace then b.failures + 1 else 1 end as failures,
      case when b.name_hash = account_hash then free_for_account else free_for_address end as free
    from civic_os_identity.attempts b
    where b.name_hash in (account_hash, address_hash)
  ) counted
  where a.name_hash = counted.name_hash;
  return null;
end
$$;
revoke execute on function civic_os_identity.begin_attempt(text, text, integer, integer) from public;
grant execute on function civic_os_identity.begin_attempt(text, text, integer, integer) to civic_os_identity;

grant select, insert, update, delete
  on
    civic_os_identity.attempts, civic_os_identity.people, civic_os_identity.person_roles, civic_os_identity.sessions,
    civic_os_identity.token_families, civic_os_identity.codes, civic_os_identity.links,
    civic_os_identity.signing_keys, civic_os_identity.seal
  to civic_os_identity;

-- People with the names of their roles.
create view civic_os_identity.accounts
with (security_invoker = true)
as
select
  p.id,
  p.username,
  p.email,
  p.given_name,
  p.family_name,
  p.phone_number,
  p.password_hash,
  p.enabled,
  p.totp_secret,
  p.totp_confirmed_at is not null as has_second_factor,
  cardinality(p.recovery_codes) as recovery_codes_left,
  p.created_at,
  p.last_sign_in_at,
  array(
    select r.display_name
    from civic_os_identity.person_roles pr
    join metadata.roles r on r.id = pr.role_id
    where pr.person_id = p.id
    order by r.id
  ) as roles,
  (
    select max(l.expires_at)
    from civic_os_identity.links l
    where l.person_id = p.id and l.purpose = 'invitation' and l.expires_at > now()
  ) as invited_until
from civic_os_identity.people p;
grant select on civic_os_identity.accounts to civic_os_identity;
