-- What the pages of the web client need beyond release 0.15 (D-32): editors of validations, constraint messages and
-- roles, retrying jobs, the state of the system, aggregates for charts, changes of many records, two kinds of widgets.

insert into metadata.widget_types (widget_type, display_name, description, icon_name)
values
  ('chart', 'Chart', 'Numbers by group as bars, a line or a pie', 'bar_chart'),
  ('buttons', 'Buttons', 'Links to forms and pages', 'smart_button');

-- The browser-side rule of this kind for the column, made or changed.
create function public.save_validation(
  p_table_name name,
  p_column_name name,
  p_validation_type text,
  p_validation_value text,
  p_error_message text,
  p_sort_order integer default 0
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Admin access required' using errcode = 'insufficient_privilege';
  end if;
  insert into metadata.validations
    (table_name, column_name, validation_type, validation_value, error_message, sort_order)
  values (p_table_name, p_column_name, p_validation_type, p_validation_value, p_error_message, p_sort_order)
  on conflict (table_name, column_name, validation_type) do update
    set validation_value = excluded.validation_value,
        error_message = excluded.error_message,
        sort_order = excluded.sort_order;
end
$$;

create function public.delete_validation(p_table_name name, p_column_name name, p_validation_type text)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Admin access required' using errcode = 'insufficient_privilege';
  end if;
  delete from metadata.validations v
  where v.table_name = p_table_name and v.column_name = p_column_name and v.validation_type = p_validation_type;
  return found;
end
$$;

-- The text for a database constraint; an empty one takes it away.
create function public.save_constraint_message(
  p_constraint_name name,
  p_table_name name,
  p_column_name name,
  p_error_message text
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Admin access required' using errcode = 'insufficient_privilege';
  end if;
  if coalesce(trim(p_error_message), '') = '' then
    delete from metadata.constraint_messages m where m.constraint_name = p_constraint_name;
    return;
  end if;
  insert into metadata.constraint_messages (constraint_name, table_name, column_name, error_message)
  values (p_constraint_name, p_table_name, p_column_name, trim(p_error_message))
  on conflict (constraint_name) do update
    set table_name = excluded.table_name,
        column_name = excluded.column_name,
        error_message = excluded.error_message;
end
$$;

-- Constraints of the application's tables that a person can run into, with their texts. Primary keys are left out.
create function public.get_table_constraints()
returns table (
  constraint_name name,
  table_name name,
  column_name name,
  kind text,
  definition text,
  error_message text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Admin access required' using errcode = 'insufficient_privilege';
  end if;
  return query
    select
      c.conname,
      t.relname,
      (
        select a.attname
        from pg_attribute a
        where a.attrelid = c.conrelid and cardinality(c.conkey) = 1 and a.attnum = c.conkey[1]
      ),
      case c.contype when 'c' then 'check' when 'u' then 'unique' when 'f' then 'foreign key' else 'exclusion' end,
      pg_get_constraintdef(c.oid),
      m.error_message
    from pg_constraint c
    join pg_class t on t.oid = c.conrelid
    left join metadata.constraint_messages m on m.constraint_name = c.conname
    where t.relnamespace = 'public'::regnamespace
      and c.contype in ('c', 'u', 'f', 'x')
      and not exists (select from pg_depend d where d.objid = t.oid and d.deptype = 'e')
    order by t.relname, c.conname;
end
$$;

create function public.update_role(p_role_id smallint, p_description text)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Admin access required' using errcode = 'insufficient_privilege';
  end if;
  update metadata.roles r set description = nullif(trim(p_description), '') where r.id = p_role_id;
  return found;
end
$$;

-- The names that the core itself asks for stay.
create function public.delete_role(p_role_id smallint)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Admin access required' using errcode = 'insufficient_privilege';
  end if;
  if exists (select from metadata.roles r where r.id = p_role_id and r.display_name in ('anonymous', 'user', 'admin')) then
    raise exception 'This role is part of the system and cannot be deleted';
  end if;
  delete from metadata.roles r where r.id = p_role_id;
  return found;
end
$$;

-- Makes a job available now, as `civic-os jobs retry` does. False for a job that is running or gone.
create function public.retry_job(p_id bigint)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
declare
  v_queue text;
begin
  if not public.is_admin() then
    raise exception 'Admin access required' using errcode = 'insufficient_privilege';
  end if;
  update metadata.river_job j
  set state = 'available',
      finalized_at = null,
      scheduled_at = now(),
      max_attempts = greatest(j.max_attempts, j.attempt + 1),
      metadata = j.metadata - 'cancel_attempted_at'
  where j.id = p_id and j.state <> 'running'
  returning j.queue into v_queue;
  if v_queue is null then
    return false;
  end if;
  perform pg_notify('metadata.river_insert', jsonb_build_object('queue', v_queue)::text);
  return true;
end
$$;

-- Takes a job that nobody is working on out of the queue.
create function public.cancel_job(p_id bigint)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Admin access required' using errcode = 'insufficient_privilege';
  end if;
  update metadata.river_job j
  set state = 'cancelled', finalized_at = now()
  where j.id = p_id and j.state in ('available', 'scheduled', 'retryable', 'pending');
  return found;
end
$$;

-- What an administrator looks at first: the database, the queue, the processes that work on it.
create function public.system_health()
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, public
as $$
begin
  if not public.is_admin() then
    raise exception 'Admin access required' using errcode = 'insufficient_privilege';
  end if;
  return jsonb_build_object(
    'now', now(),
    'database', jsonb_build_object(
      'version', current_setting('server_version'),
      'size_bytes', pg_database_size(current_database()),
      'connections', (select count(*) from pg_stat_activity a where a.datname = current_database()),
      'max_connections', current_setting('max_connections')::integer,
      'started_at', pg_postmaster_start_time()
    ),
    'jobs', coalesce(
      (
        select jsonb_object_agg(c.state, c.n)
        from (select j.state::text, count(*) as n from metadata.river_job j group by j.state) c
      ),
      '{}'
    ),
    'oldest_waiting_at', (
      select min(j.scheduled_at) from metadata.river_job j where j.state = 'available' and j.scheduled_at <= now()
    ),
    'processes', coalesce(
      (
        select jsonb_agg(
          jsonb_build_object(
            'client_id', p.client_id, 'roles', p.roles, 'host', p.host, 'version', p.version,
            'started_at', p.started_at, 'last_seen_at', p.last_seen_at
          )
          order by p.started_at
        )
        from metadata.job_processes p
      ),
      '[]'
    )
  );
end
$$;

-- Numbers by group for a chart, under the caller's own rights. `p_aggregate`: count, sum, avg, min, max; `p_bucket`
-- cuts moments into day, week, month, quarter or year; `p_filters`: [{column, operator, value}] of the dialect's
-- simple operators.
create function public.aggregate_rows(
  p_table_name name,
  p_group_by name,
  p_aggregate text default 'count',
  p_value name default null,
  p_bucket text default null,
  p_filters jsonb default '[]',
  p_limit integer default 50
)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, public
as $$
declare
  v_key text := format('t.%I', p_group_by);
  v_value text := 'count(*)';
  v_where text := 'true';
  v_filter jsonb;
  v_operator text;
  v_column text;
  v_result jsonb;
begin
  if p_bucket is not null then
    if p_bucket not in ('day', 'week', 'month', 'quarter', 'year') then
      raise exception 'unknown bucket %', p_bucket using errcode = 'invalid_parameter_value';
    end if;
    v_key := format('date_trunc(%L, %s::timestamp)::date', p_bucket, v_key);
  end if;
  if p_aggregate <> 'count' then
    if p_aggregate not in ('sum', 'avg', 'min', 'max') or p_value is null then
      raise exception 'unknown aggregate %', p_aggregate using errcode = 'invalid_parameter_value';
    end if;
    v_value := format('%s(t.%I::numeric)', p_aggregate, p_value);
  end if;
  for v_filter in select * from jsonb_array_elements(coalesce(p_filters, '[]')) loop
    v_column := format('t.%I', v_filter ->> 'column');
    v_operator := v_filter ->> 'operator';
    v_where := v_where || ' and ' || case
      when v_operator in ('eq', 'neq', 'lt', 'lte', 'gt', 'gte') then format(
        '%s %s %L',
        v_column,
        case v_operator
          when 'eq' then '=' when 'neq' then '<>' when 'lt' then '<' when 'lte' then '<=' when 'gt' then '>' else '>='
        end,
        v_filter ->> 'value'
      )
      when v_operator in ('like', 'ilike') then
        format('%s::text %s %L', v_column, v_operator, replace(v_filter ->> 'value', '*', '%'))
      when v_operator = 'is' and v_filter ->> 'value' in ('null', 'true', 'false') then
        format('%s is %s', v_column, v_filter ->> 'value')
      when v_operator = 'in' then format(
        '%s::text in (select jsonb_array_elements_text(%L::jsonb))',
        v_column,
        case
          when jsonb_typeof(v_filter -> 'value') = 'array' then v_filter -> 'value'
          else to_jsonb(string_to_array(trim(both '()' from v_filter ->> 'value'), ','))
        end
      )
    end;
    if v_where is null then
      raise exception 'unknown operator %', v_operator using errcode = 'invalid_parameter_value';
    end if;
  end loop;
  execute format(
    'select coalesce(jsonb_agg(jsonb_build_object(''key'', g.key, ''value'', g.value) order by g.place), ''[]'')
     from (
       select %1$s as key, %2$s as value, row_number() over (order by %3$s) as place
       from public.%4$I t
       where %5$s
       group by 1
       order by 3
       limit %6$s
     ) g',
    v_key, v_value,
    case when p_bucket is null then v_value || ' desc nulls last' else v_key end,
    p_table_name, v_where, least(greatest(coalesce(p_limit, 50), 1), 500)
  )
  into v_result;
  return v_result;
end
$$;

-- Changes many records in one transaction, under the caller's own rights: each object of `p_rows` holds the column that
-- finds its record (`p_key`) and the columns to set. All or nothing: the first row that is refused, or that finds no
-- record (PT404), ends it, and the hint of the error says which one it was ("row 17", counted from 1).
create function public.update_rows(p_table_name name, p_key name, p_rows jsonb)
returns integer
language plpgsql
set search_path = pg_catalog, public
as $$
declare
  v_row jsonb;
  v_at integer := 0;
  v_columns name[];
  v_last name[];
  v_statement text;
  v_found bigint;
  v_code text;
  v_message text;
  v_detail text;
  v_hint text;
  v_constraint text;
  v_column text;
begin
  for v_row in select * from jsonb_array_elements(p_rows) loop
    v_at := v_at + 1;
    v_columns := array(select k::name from jsonb_object_keys(v_row) k order by k);
    if v_columns is distinct from v_last then
      select format(
        'update public.%I t set %s from jsonb_to_record($1) as r(%s) where t.%I = r.%4$I',
        p_table_name,
        coalesce(
          string_agg(format('%1$I = r.%1$I', a.attname), ', ') filter (where a.attname <> p_key),
          format('%1$I = r.%1$I', p_key)
        ),
        string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', '),
        p_key
      )
      into v_statement
      from pg_attribute a
      where a.attrelid = to_regclass(format('public.%I', p_table_name))
        and a.attname = any (v_columns)
        and a.attnum > 0
        and not a.attisdropped
      having count(*) = cardinality(v_columns) and bool_or(a.attname = p_key);
      if v_statement is null then
        raise exception 'Not all of % are columns of %, or % is missing', v_columns, p_table_name, p_key
          using errcode = 'undefined_column';
      end if;
      v_last := v_columns;
    end if;
    execute v_statement using v_row;
    get diagnostics v_found = row_count;
    if v_found = 0 then
      raise exception 'No record of % has the % %', p_table_name, p_key, v_row ->> p_key using errcode = 'PT404';
    end if;
  end loop;
  return v_at;
exception
  when others then
    get stacked diagnostics
      v_code = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail,
      v_hint = pg_exception_hint, v_constraint = constraint_name, v_column = column_name;
    raise exception using
      errcode = v_code, message = v_message, detail = v_detail, constraint = v_constraint, column = v_column,
      table = p_table_name, hint = format('row %s', v_at) || case when v_hint = '' then '' else ': ' || v_hint end;
end
$$;

revoke execute on function
  public.save_validation(name, name, text, text, text, integer),
  public.delete_validation(name, name, text),
  public.save_constraint_message(name, name, name, text),
  public.get_table_constraints(),
  public.update_role(smallint, text),
  public.delete_role(smallint),
  public.retry_job(bigint),
  public.cancel_job(bigint),
  public.system_health(),
  public.aggregate_rows(name, name, text, name, text, jsonb, integer),
  public.update_rows(name, name, jsonb)
from public;
grant execute on function
  public.save_validation(name, name, text, text, text, integer),
  public.delete_validation(name, name, text),
  public.save_constraint_message(name, name, name, text),
  public.get_table_constraints(),
  public.update_role(smallint, text),
  public.delete_role(smallint),
  public.retry_job(bigint),
  public.cancel_job(bigint),
  public.system_health()
to authenticated;
grant execute on function public.aggregate_rows(name, name, text, name, text, jsonb, integer) to web_anon, authenticated;
grant execute on function public.update_rows(name, name, jsonb) to authenticated;
