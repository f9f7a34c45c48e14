-- The database's clock, in microseconds since 1970: the only one that the queue goes by. Called by jobs::store.
select (extract(epoch from clock_timestamp()) * 1000000)::bigint
