select client_id, roles, host, pid, version, started_at, last_seen_at from metadata.job_processes where false;
select name, cron, time_zone, kind, args, queue, priority, max_attempts, missed, enabled, next_run_at, last_run_at, last_error
from metadata.periodic_jobs
where false;

do $$
declare
  v_role text;
begin
  foreach v_role in array array['civic_os_worker', 'civic_os_payments'] loop
    if not has_table_privilege(v_role, 'metadata.river_job', 'select, insert, update, delete') then
      raise exception '% may not work on metadata.river_job', v_role;
    end if;
    if not pg_has_role('authenticator', v_role, 'member') then
      raise exception 'authenticator may not become %', v_role;
    end if;
  end loop;
  if (select count(*) from pg_catalog.pg_policies
      where schemaname = 'metadata'
        and policyname in ('Workers handle jobs', 'Workers beat', 'Admins see processes', 'Workers keep time', 'Admins manage periodic jobs')) <> 5 then
    raise exception 'a policy of the job workers is missing';
  end if;
end
$$;
