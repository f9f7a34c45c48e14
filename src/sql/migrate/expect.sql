-- Purpose: what verify scripts need, for one transaction: the facts of this database and a function that compares them
-- with expected ones. Called by: migrate::verify, which puts the query of facts.sql in place of the marker.
-- `expect` raises one exception that lists every difference. Some expressions are printed differently by other major
-- versions of PostgreSQL than the one that recorded them; there they are not compared.
create temporary table civic_os_fact on commit drop as
/*FACTS*/;
create unique index on civic_os_fact (category, key);

create or replace function pg_temp.expect(p_expected jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_problems text;
begin
  with expected as (
    select c.category, o.key, o.record
    from jsonb_each(p_expected -> 'categories') as c (category, objects)
    cross join lateral jsonb_each(c.objects) as o (key, record)
    where (p_expected ->> 'server')::integer = current_setting('server_version_num')::integer / 10000
      or c.category <> 'view_bodies'
  ),
  problem as (
    select e.category, e.key, format('%s %s is missing', e.category, e.key) as text
    from expected e
    left join civic_os_fact f on f.category = e.category and f.key = e.key
    where f.key is null
    union all
    select
      e.category,
      e.key,
      format('%s %s: %s is %s instead of %s', e.category, e.key, x.field, coalesce(f.record ->> x.field, 'null'), x.value)
    from expected e
    join civic_os_fact f on f.category = e.category and f.key = e.key
    cross join lateral jsonb_each(e.record) as x (field, value)
    where f.record -> x.field is distinct from x.value
      -- A column that was added to an adopted database stands last.
      and (e.category, x.field) <> ('columns', 'position')
      and (
        (p_expected ->> 'server')::integer = current_setting('server_version_num')::integer / 10000
        or (e.category, x.field) not in (('policies', 'using'), ('policies', 'with_check'), ('triggers', 'when'))
      )
  )
  select string_agg(p.text, E'\n' order by p.category, p.key) into v_problems from problem p;
  if v_problems is not null then
    raise exception using message = v_problems, errcode = 'assert_failure';
  end if;
end
$$;
