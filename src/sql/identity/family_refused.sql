-- Why a refresh token did not rotate: an older generation means that it was used before, and the family is revoked. $1 family, $2 generation.
-- Called by identity::sessions.
delete from civic_os_identity.token_families f
where f.id = $1::uuid and f.generation <> $2::bigint
returning f.id::text
