-- What 16-job-workers makes.
select pg_temp.expect($facts$
{
 "categories": {
  "columns": {
   "metadata.job_processes.client_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"text"},
   "metadata.job_processes.host": {"default":"''::text","generated":null,"identity":null,"not_null":true,"position":3,"type":"text"},
   "metadata.job_processes.last_seen_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":7,"type":"timestamp with time zone"},
   "metadata.job_processes.pid": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"integer"},
   "metadata.job_processes.roles": {"default":"'{}'::text[]","generated":null,"identity":null,"not_null":true,"position":2,"type":"text[]"},
   "metadata.job_processes.started_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":6,"type":"timestamp with time zone"},
   "metadata.job_processes.version": {"default":"''::text","generated":null,"identity":null,"not_null":true,"position":5,"type":"text"},
   "metadata.periodic_jobs.args": {"default":"'{}'::jsonb","generated":null,"identity":null,"not_null":true,"position":5,"type":"jsonb"},
   "metadata.periodic_jobs.cron": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "metadata.periodic_jobs.enabled": {"default":"true","generated":null,"identity":null,"not_null":true,"position":10,"type":"boolean"},
   "metadata.periodic_jobs.kind": {"default":null,"generated":null,"identity":null,"not_null":true,"position":4,"type":"text"},
   "metadata.periodic_jobs.last_error": {"default":null,"generated":null,"identity":null,"not_null":false,"position":14,"type":"text"},
   "metadata.periodic_jobs.last_run_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":13,"type":"timestamp with time zone"},
   "metadata.periodic_jobs.max_attempts": {"default":"25","generated":null,"identity":null,"not_null":true,"position":8,"type":"smallint"},
   "metadata.periodic_jobs.missed": {"default":"'once'::text","generated":null,"identity":null,"not_null":true,"position":9,"type":"text"},
   "metadata.periodic_jobs.name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"text"},
   "metadata.periodic_jobs.next_run_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":11,"type":"timestamp with time zone"},
   "metadata.periodic_jobs.planned_from": {"default":null,"generated":null,"identity":null,"not_null":false,"position":12,"type":"text"},
   "metadata.periodic_jobs.priority": {"default":"1","generated":null,"identity":null,"not_null":true,"position":7,"type":"smallint"},
   "metadata.periodic_jobs.queue": {"default":"'default'::text","generated":null,"identity":null,"not_null":true,"position":6,"type":"text"},
   "metadata.periodic_jobs.time_zone": {"default":"'UTC'::text","generated":null,"identity":null,"not_null":true,"position":3,"type":"text"}
  },
  "constraints": {
   "metadata.job_processes.job_processes_client_id_length": {"definition":"CHECK (((char_length(client_id) >= 1) AND (char_length(client_id) <= 127)))","kind":"check"},
   "metadata.job_processes.job_processes_pkey": {"definition":"PRIMARY KEY (client_id)","kind":"primary key"},
   "metadata.periodic_jobs.periodic_jobs_max_attempts": {"definition":"CHECK ((max_attempts > 0))","kind":"check"},
   "metadata.periodic_jobs.periodic_jobs_missed": {"definition":"CHECK ((missed = ANY (ARRAY['skip'::text, 'once'::text])))","kind":"check"},
   "metadata.periodic_jobs.periodic_jobs_pkey": {"definition":"PRIMARY KEY (name)","kind":"primary key"},
   "metadata.periodic_jobs.periodic_jobs_priority": {"definition":"CHECK (((priority >= 1) AND (priority <= 4)))","kind":"check"}
  },
  "function_bodies": {
   "metadata.keep_job_trace()": {"hash":"5d3112d5a0e8c931a6b1c15bbb584932"}
  },
  "function_grants": {
   "metadata.keep_job_trace() TO PUBLIC": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "metadata.keep_job_trace()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"volatile"}
  },
  "policies": {
   "metadata.job_processes.Admins see processes": {"command":"select","permissive":true,"roles":["authenticated"],"using":"( SELECT public.is_admin() AS is_admin)","with_check":null},
   "metadata.job_processes.Workers beat": {"command":"all","permissive":true,"roles":["civic_os_payments","civic_os_worker"],"using":"true","with_check":"true"},
   "metadata.periodic_jobs.Admins manage periodic jobs": {"command":"all","permissive":true,"roles":["authenticated"],"using":"( SELECT public.is_admin() AS is_admin)","with_check":"( SELECT public.is_admin() AS is_admin)"},
   "metadata.periodic_jobs.Workers keep time": {"command":"all","permissive":true,"roles":["civic_os_payments","civic_os_worker"],"using":"true","with_check":"true"},
   "metadata.river_job.Workers handle jobs": {"command":"all","permissive":true,"roles":["civic_os_payments","civic_os_worker"],"using":"true","with_check":"true"}
  },
  "roles": {
   "civic_os_payments": {"bypass_rls":false,"inherit":true,"login":false,"settings":[],"superuser":false},
   "civic_os_worker": {"bypass_rls":false,"inherit":true,"login":false,"settings":[],"superuser":false}
  },
  "row_security": {
   "metadata.job_processes": {"enabled":true,"forced":false},
   "metadata.periodic_jobs": {"enabled":true,"forced":false}
  },
  "schema_grants": {
   "metadata TO civic_os_payments": {"privileges":["USAGE"]},
   "metadata TO civic_os_worker": {"privileges":["USAGE"]},
   "payments TO civic_os_payments": {"privileges":["USAGE"]},
   "public TO civic_os_payments": {"privileges":["USAGE"]},
   "public TO civic_os_worker": {"privileges":["USAGE"]}
  },
  "sequence_grants": {
   "metadata.river_job_id_seq TO civic_os_payments": {"privileges":["USAGE"]},
   "metadata.river_job_id_seq TO civic_os_worker": {"privileges":["USAGE"]}
  },
  "table_grants": {
   "metadata.job_processes TO authenticated": {"privileges":["SELECT"]},
   "metadata.job_processes TO civic_os_payments": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.job_processes TO civic_os_worker": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.periodic_jobs TO authenticated": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.periodic_jobs TO civic_os_payments": {"privileges":["INSERT","SELECT","UPDATE"]},
   "metadata.periodic_jobs TO civic_os_worker": {"privileges":["INSERT","SELECT","UPDATE"]},
   "metadata.river_job TO civic_os_payments": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.river_job TO civic_os_worker": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.river_leader TO civic_os_payments": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.river_leader TO civic_os_worker": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.river_queue TO civic_os_payments": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]},
   "metadata.river_queue TO civic_os_worker": {"privileges":["DELETE","INSERT","SELECT","UPDATE"]}
  },
  "tables": {
   "metadata.job_processes": {"kind":"table","options":["autovacuum_vacuum_scale_factor=0.01","fillfactor=50"],"persistence":"permanent"},
   "metadata.periodic_jobs": {"kind":"table","options":[],"persistence":"permanent"}
  },
  "triggers": {
   "metadata.river_job.keep_job_trace": {"columns":[],"enabled":"origin","events":["insert"],"function":"metadata.keep_job_trace","level":"row","timing":"before","when":"(COALESCE(current_setting('civic_os.traceparent'::text, true), ''::text) <> ''::text)"}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
