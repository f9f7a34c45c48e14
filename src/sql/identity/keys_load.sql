-- The seal and all signing keys, the newest first; whether each signs already. Called by identity::signing_keys.
select
  (select secret from civic_os_identity.seal),
  coalesce((
    select jsonb_agg(
      jsonb_build_object(
        'kid', k.kid,
        'private_key', k.private_key,
        'signs', k.signs_from <= now(),
        'age', extract(epoch from now() - k.created_at)::bigint
      )
      order by k.signs_from desc, k.kid
    )
    from civic_os_identity.signing_keys k
  ), '[]')::text
