-- One row when the index may be rebuilt now: it is ours and no interrupted rebuild left something behind. $1 index. Called by jobs::maintenance.
select 1
from pg_catalog.pg_class as index
where index.relnamespace = 'metadata'::regnamespace
  and index.relname = $1::text
  and pg_catalog.pg_has_role(current_user, index.relowner, 'usage')
  and not exists (
      select from pg_catalog.pg_class as leftover
      where leftover.relnamespace = index.relnamespace
        and leftover.relname in ($1::text || '_ccnew', $1::text || '_ccold')
  )
