-- What our own processes need beside River's tables: narrow roles, a heartbeat, periodic jobs.
--
-- The login of the pool may become these roles; no request ever does (the API refuses them whatever a token says).

do $$
declare
  v_role text;
begin
  foreach v_role in array array['civic_os_worker', 'civic_os_payments'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      begin
        execute format('create role %I nologin', v_role);
      exception
        when duplicate_object or unique_violation then null;
      end;
    end if;
    if not exists (
      select
      from pg_catalog.pg_auth_members m
      where m.roleid = v_role::regrole and m.member = 'authenticator'::regrole
    ) then
      begin
        execute format('grant %I to authenticator', v_role);
      exception
        -- XX000 is "tuple concurrently updated": another database of this cluster just granted the same.
        when internal_error or unique_violation then null;
      end;
    end if;
  end loop;
end
$$;

grant usage on schema metadata, public to civic_os_worker, civic_os_payments;
grant usage on schema payments to civic_os_payments;

-- The queue itself; what a kind writes is granted where its tables are made.
grant select, insert, update, delete on metadata.river_job, metadata.river_leader, metadata.river_queue to civic_os_worker, civic_os_payments;
grant usage on sequence metadata.river_job_id_seq to civic_os_worker, civic_os_payments;
create policy "Workers handle jobs" on metadata.river_job
  for all to civic_os_worker, civic_os_payments using (true) with check (true);

-- A job remembers the trace of the request that caused it. Where nothing is traced, nothing happens.
create function metadata.keep_job_trace()
returns trigger
language plpgsql
as $$
begin
  new.metadata := new.metadata || jsonb_build_object('traceparent', current_setting('civic_os.traceparent'));
  return new;
end
$$;

create trigger keep_job_trace
  before insert on metadata.river_job
  for each row
  when (coalesce(current_setting('civic_os.traceparent', true), '') <> '')
  execute function metadata.keep_job_trace();

-- D-12: which processes live. Jobs of one that stopped beating are handed back after about 15 s; clients without a row
-- here (River's own) keep River's rule of an hour.
create table metadata.job_processes (
  client_id text constraint job_processes_pkey primary key,
  roles text[] not null default '{}',
  host text not null default '',
  pid integer,
  version text not null default '',
  started_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  constraint job_processes_client_id_length check (char_length(client_id) between 1 and 127)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);
alter table metadata.job_processes enable row level security;
grant select, insert, update, delete on metadata.job_processes to civic_os_worker, civic_os_payments;
grant select on metadata.job_processes to authenticated;
create policy "Workers beat" on metadata.job_processes
  for all to civic_os_worker, civic_os_payments using (true) with check (true);
create policy "Admins see processes" on metadata.job_processes
  for select to authenticated using ((select public.is_admin()));

-- Jobs by the clock. Operators edit rows; the leader inserts the jobs and moves next_run_at.
create table metadata.periodic_jobs (
  name text constraint periodic_jobs_pkey primary key,
  cron text not null,
  time_zone text not null default 'UTC',
  kind text not null,
  args jsonb not null default '{}',
  queue text not null default 'default',
  priority smallint not null default 1,
  max_attempts smallint not null default 25,
  -- What to do about times that passed while nobody worked: forget them, or run once.
  missed text not null default 'once',
  enabled boolean not null default true,
  next_run_at timestamptz,
  -- Cron and time zone that next_run_at follows from: after a change of either it is computed again.
  planned_from text,
  last_run_at timestamptz,
  last_error text,
  constraint periodic_jobs_missed check (missed in ('skip', 'once')),
  constraint periodic_jobs_priority check (priority between 1 and 4),
  constraint periodic_jobs_max_attempts check (max_attempts > 0)
);
alter table metadata.periodic_jobs enable row level security;
grant select, insert, update on metadata.periodic_jobs to civic_os_worker, civic_os_payments;
grant select, insert, update, delete on metadata.periodic_jobs to authenticated;
create policy "Workers keep time" on metadata.periodic_jobs
  for all to civic_os_worker, civic_os_payments using (true) with check (true);
create policy "Admins manage periodic jobs" on metadata.periodic_jobs
  for all to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));
