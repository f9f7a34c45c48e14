-- Uses up a link. $1 hash. No row: it was used or is too old. Called by identity::links.
delete from civic_os_identity.links
where token_hash = $1::text and expires_at > now()
returning person_id::text
