-- Who is asking? The only source is the setting `request.jwt.claims`: the token's claims as one JSON object, set per
-- transaction by the API server. An empty setting counts as absent (W1); text that is no JSON is an error.

create function public.current_user_id()
returns uuid
language sql
stable
as $$
  select nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')::uuid
$$;

create function public.current_user_email()
returns text
language sql
stable
as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
$$;

-- An empty `name` counts as present.
create function public.current_user_name()
returns text
language sql
stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'name',
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'preferred_username'
  )
$$;

create function public.current_user_phone()
returns text
language sql
stable
as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'phone_number'
$$;

-- The API server's pre-request hook. It overrides whatever role a `role` claim selected (D-25): the transaction's role
-- follows from whether somebody is signed in. Even an empty `sub` counts as signed in here.
create function public.check_jwt()
returns void
language plpgsql
as $$
begin
  if nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub' is not null then
    set local role authenticated;
  else
    set local role web_anon;
  end if;
end
$$;

-- Role names of the caller. Nobody signed in: {anonymous}. Otherwise the first place that exists in the claims wins,
-- even with an empty list; a place that exists but is no list, or no place at all, gives no roles.
--
-- The places are configurable (D-18): `civic_os.role_claim_paths` is a comma-separated list of dotted paths in which
-- `<client>` stands for `civic_os.client_id`. Unset: the paths below, and `myclient` as in release 0.15.
create function public.get_user_roles()
returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, public
as $$
declare
  v_text text := current_setting('request.jwt.claims', true);
  v_claims jsonb;
  v_paths text;
  v_path text;
  v_found jsonb;
begin
  if v_text is null or v_text = '' then
    return array['anonymous'];
  end if;

  begin
    v_claims := v_text::jsonb;
  exception
    when others then
      return array['anonymous'];
  end;
  if coalesce(v_claims ->> 'sub', '') = '' then
    return array['anonymous'];
  end if;

  v_paths := nullif(current_setting('civic_os.role_claim_paths', true), '');
  if v_paths is null then
    v_found := coalesce(
      v_claims #> '{realm_access,roles}',
      v_claims #> array['resource_access', coalesce(nullif(current_setting('civic_os.client_id', true), ''), 'myclient'), 'roles'],
      v_claims -> 'roles'
    );
  else
    foreach v_path in array string_to_array(v_paths, ',') loop
      -- Split first, then replace: a client id may contain dots.
      v_found := v_claims #> array_replace(
        string_to_array(trim(v_path), '.'),
        '<client>',
        coalesce(nullif(current_setting('civic_os.client_id', true), ''), 'myclient')
      );
      exit when v_found is not null;
    end loop;
  end if;

  if v_found is null or jsonb_typeof(v_found) <> 'array' then
    return array[]::text[];
  end if;
  return array(select value from jsonb_array_elements_text(v_found) with ordinality as role (value, position) order by position);
end
$$;

-- The token decides; stored roles are not looked at.
create function public.is_admin()
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, public
as $$
begin
  return 'admin' = any (public.get_user_roles());
end
$$;

grant execute on function public.get_user_roles(), public.is_admin() to web_anon, authenticated;
