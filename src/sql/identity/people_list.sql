-- A page of people by name and how many there are. $1 part of a name or address, $2 limit, $3 offset. Called by identity::people.
with found as (
  select a.*
  from civic_os_identity.accounts a
  where $1::text = ''
    or position(lower($1::text) in lower(a.username)) > 0
    or position(lower($1::text) in lower(coalesce(a.email, ''))) > 0
    or position(lower($1::text) in lower(a.given_name || ' ' || a.family_name)) > 0
)
select
  (select count(*) from found)::text,
  coalesce((
    select jsonb_agg(to_jsonb(page) order by lower(page.username))
    from (select * from found order by lower(username) limit $2::bigint offset $3::bigint) page
  ), '[]')::text
