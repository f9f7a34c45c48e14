-- Trigger functions and identifiers that core and applications share.

-- Before insert, per row.
create function public.set_created_at()
returns trigger
language plpgsql
as $$
begin
  new.created_at := now();
  return new;
end
$$;

-- Before insert or update, per row.
create function public.set_updated_at()
returns trigger
language plpgsql
as $$
begin
  new.updated_at := now();
  return new;
end
$$;

-- RFC 9562 version 7: 48 bits of wall-clock milliseconds (not transaction time, so that rows of one transaction still
-- sort by creation), then version, variant and 74 random bits.
create function public.uuid_generate_v7()
returns uuid
language plpgsql
as $$
declare
  v_bytes bytea := uuid_send(gen_random_uuid());
begin
  -- gen_random_uuid() already carries the variant; only time and version are replaced.
  v_bytes := overlay(
    v_bytes
    placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
    from 1 for 6
  );
  v_bytes := set_byte(v_bytes, 6, (get_byte(v_bytes, 6) & 15) | 112);
  return encode(v_bytes, 'hex')::uuid;
end
$$;
