-- What 10-queue makes.
select pg_temp.expect($facts$
{
 "categories": {
  "columns": {
   "metadata.river_client.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":2,"type":"timestamp with time zone"},
   "metadata.river_client.id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"text"},
   "metadata.river_client.metadata": {"default":"'{}'::jsonb","generated":null,"identity":null,"not_null":true,"position":3,"type":"jsonb"},
   "metadata.river_client.paused_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"timestamp with time zone"},
   "metadata.river_client.updated_at": {"default":null,"generated":null,"identity":null,"not_null":true,"position":5,"type":"timestamp with time zone"},
   "metadata.river_client_queue.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":3,"type":"timestamp with time zone"},
   "metadata.river_client_queue.max_workers": {"default":null,"generated":null,"identity":null,"not_null":true,"position":4,"type":"bigint"},
   "metadata.river_client_queue.metadata": {"default":"'{}'::jsonb","generated":null,"identity":null,"not_null":true,"position":5,"type":"jsonb"},
   "metadata.river_client_queue.name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "metadata.river_client_queue.num_jobs_completed": {"default":"0","generated":null,"identity":null,"not_null":true,"position":6,"type":"bigint"},
   "metadata.river_client_queue.num_jobs_running": {"default":"0","generated":null,"identity":null,"not_null":true,"position":7,"type":"bigint"},
   "metadata.river_client_queue.paused_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":8,"type":"timestamp with time zone"},
   "metadata.river_client_queue.river_client_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"text"},
   "metadata.river_client_queue.updated_at": {"default":null,"generated":null,"identity":null,"not_null":true,"position":9,"type":"timestamp with time zone"},
   "metadata.river_job.args": {"default":null,"generated":null,"identity":null,"not_null":true,"position":10,"type":"jsonb"},
   "metadata.river_job.attempt": {"default":"0","generated":null,"identity":null,"not_null":true,"position":3,"type":"smallint"},
   "metadata.river_job.attempted_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":5,"type":"timestamp with time zone"},
   "metadata.river_job.attempted_by": {"default":null,"generated":null,"identity":null,"not_null":false,"position":11,"type":"text[]"},
   "metadata.river_job.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":6,"type":"timestamp with time zone"},
   "metadata.river_job.errors": {"default":null,"generated":null,"identity":null,"not_null":false,"position":12,"type":"jsonb[]"},
   "metadata.river_job.finalized_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":7,"type":"timestamp with time zone"},
   "metadata.river_job.id": {"default":"nextval('metadata.river_job_id_seq'::regclass)","generated":null,"identity":null,"not_null":true,"position":1,"type":"bigint"},
   "metadata.river_job.kind": {"default":null,"generated":null,"identity":null,"not_null":true,"position":13,"type":"text"},
   "metadata.river_job.max_attempts": {"default":null,"generated":null,"identity":null,"not_null":true,"position":4,"type":"smallint"},
   "metadata.river_job.metadata": {"default":"'{}'::jsonb","generated":null,"identity":null,"not_null":true,"position":14,"type":"jsonb"},
   "metadata.river_job.priority": {"default":"1","generated":null,"identity":null,"not_null":true,"position":9,"type":"smallint"},
   "metadata.river_job.queue": {"default":"'default'::text","generated":null,"identity":null,"not_null":true,"position":15,"type":"text"},
   "metadata.river_job.scheduled_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":8,"type":"timestamp with time zone"},
   "metadata.river_job.state": {"default":"'available'::metadata.river_job_state","generated":null,"identity":null,"not_null":true,"position":2,"type":"metadata.river_job_state"},
   "metadata.river_job.tags": {"default":"'{}'::character varying[]","generated":null,"identity":null,"not_null":true,"position":16,"type":"character varying(255)[]"},
   "metadata.river_job.unique_key": {"default":null,"generated":null,"identity":null,"not_null":false,"position":17,"type":"bytea"},
   "metadata.river_job.unique_states": {"default":null,"generated":null,"identity":null,"not_null":false,"position":18,"type":"bit(8)"},
   "metadata.river_leader.elected_at": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"timestamp with time zone"},
   "metadata.river_leader.expires_at": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"timestamp with time zone"},
   "metadata.river_leader.leader_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"text"},
   "metadata.river_leader.name": {"default":"'default'::text","generated":null,"identity":null,"not_null":true,"position":4,"type":"text"},
   "metadata.river_migration.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":2,"type":"timestamp with time zone"},
   "metadata.river_migration.id": {"default":"nextval('metadata.river_migration_id_seq'::regclass)","generated":null,"identity":null,"not_null":true,"position":1,"type":"bigint"},
   "metadata.river_migration.line": {"default":"'main'::text","generated":null,"identity":null,"not_null":true,"position":4,"type":"text"},
   "metadata.river_migration.version": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"bigint"},
   "metadata.river_queue.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":2,"type":"timestamp with time zone"},
   "metadata.river_queue.metadata": {"default":"'{}'::jsonb","generated":null,"identity":null,"not_null":true,"position":3,"type":"jsonb"},
   "metadata.river_queue.name": {"default":null,"generated":null,"identity":null,"not_null":true,"position":1,"type":"text"},
   "metadata.river_queue.paused_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":4,"type":"timestamp with time zone"},
   "metadata.river_queue.updated_at": {"default":null,"generated":null,"identity":null,"not_null":true,"position":5,"type":"timestamp with time zone"}
  },
  "constraints": {
   "metadata.river_client.river_client_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.river_client_queue.river_client_queue_pkey": {"definition":"PRIMARY KEY (river_client_id, name)","kind":"primary key"},
   "metadata.river_client_queue.river_client_queue_river_client_id_fkey": {"definition":"FOREIGN KEY (river_client_id) REFERENCES metadata.river_client(id) ON DELETE CASCADE","kind":"foreign key"},
   "metadata.river_job.finalized_or_finalized_at_null": {"definition":"CHECK ((((finalized_at IS NULL) AND (state <> ALL (ARRAY['cancelled'::metadata.river_job_state, 'completed'::metadata.river_job_state, 'discarded'::metadata.river_job_state]))) OR ((finalized_at IS NOT NULL) AND (state = ANY (ARRAY['cancelled'::metadata.river_job_state, 'completed'::metadata.river_job_state, 'discarded'::metadata.river_job_state])))))","kind":"check"},
   "metadata.river_job.kind_length": {"definition":"CHECK (((char_length(kind) > 0) AND (char_length(kind) < 128)))","kind":"check"},
   "metadata.river_job.max_attempts_is_positive": {"definition":"CHECK ((max_attempts > 0))","kind":"check"},
   "metadata.river_job.priority_in_range": {"definition":"CHECK (((priority >= 1) AND (priority <= 4)))","kind":"check"},
   "metadata.river_job.queue_length": {"definition":"CHECK (((char_length(queue) > 0) AND (char_length(queue) < 128)))","kind":"check"},
   "metadata.river_job.river_job_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "metadata.river_leader.leader_id_length": {"definition":"CHECK (((char_length(leader_id) > 0) AND (char_length(leader_id) < 128)))","kind":"check"},
   "metadata.river_leader.name_length": {"definition":"CHECK ((name = 'default'::text))","kind":"check"},
   "metadata.river_leader.river_leader_pkey": {"definition":"PRIMARY KEY (name)","kind":"primary key"},
   "metadata.river_migration.river_migration_pkey": {"definition":"PRIMARY KEY (line, version)","kind":"primary key"},
   "metadata.river_migration.version": {"definition":"CHECK ((version >= 1))","kind":"check"},
   "metadata.river_queue.river_queue_pkey": {"definition":"PRIMARY KEY (name)","kind":"primary key"}
  },
  "enums": {
   "metadata.river_job_state": {"labels":["available","cancelled","completed","discarded","pending","retryable","running","scheduled"]}
  },
  "function_bodies": {
   "metadata.notify_river_insert()": {"hash":"e1822844e99bbdd8a6fdc324d934f0cd"},
   "metadata.river_job_state_in_bitmask(bit, metadata.river_job_state)": {"hash":"e778234b95b6081d79f17a5bbc49a48d"}
  },
  "function_grants": {
   "metadata.notify_river_insert() TO PUBLIC": {"privileges":["EXECUTE"]},
   "metadata.river_job_state_in_bitmask(bit, metadata.river_job_state) TO PUBLIC": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "metadata.notify_river_insert()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"volatile"},
   "metadata.river_job_state_in_bitmask(bit, metadata.river_job_state)": {"arguments":[{"mode":"in","name":"bitmask","type":"bit","default":null},{"mode":"in","name":"state","type":"metadata.river_job_state","default":null}],"kind":"function","language":"sql","returns":"boolean","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"immutable"}
  },
  "indexes": {
   "metadata.river_job.river_job_args_index": {"definition":"metadata.river_job USING gin (args)","unique":false},
   "metadata.river_job.river_job_kind": {"definition":"metadata.river_job USING btree (kind)","unique":false},
   "metadata.river_job.river_job_metadata_index": {"definition":"metadata.river_job USING gin (metadata)","unique":false},
   "metadata.river_job.river_job_prioritized_fetching_index": {"definition":"metadata.river_job USING btree (state, queue, priority, scheduled_at, id)","unique":false},
   "metadata.river_job.river_job_state_and_finalized_at_index": {"definition":"metadata.river_job USING btree (state, finalized_at) WHERE (finalized_at IS NOT NULL)","unique":false},
   "metadata.river_job.river_job_unique_idx": {"definition":"metadata.river_job USING btree (unique_key) WHERE ((unique_key IS NOT NULL) AND (unique_states IS NOT NULL) AND metadata.river_job_state_in_bitmask(unique_states, state))","unique":true}
  },
  "policies": {
   "metadata.river_job.Admins see jobs": {"command":"select","permissive":true,"roles":["authenticated"],"using":"( SELECT public.is_admin() AS is_admin)","with_check":null}
  },
  "row_security": {
   "metadata.river_client": {"enabled":false,"forced":false},
   "metadata.river_client_queue": {"enabled":false,"forced":false},
   "metadata.river_job": {"enabled":true,"forced":false},
   "metadata.river_leader": {"enabled":false,"forced":false},
   "metadata.river_migration": {"enabled":false,"forced":false},
   "metadata.river_queue": {"enabled":false,"forced":false}
  },
  "sequences": {
   "metadata.river_job_id_seq": {"increment":1,"owned_by":"metadata.river_job.id","start":1,"type":"bigint"},
   "metadata.river_migration_id_seq": {"increment":1,"owned_by":"metadata.river_migration.id","start":1,"type":"bigint"}
  },
  "table_grants": {
   "metadata.river_job TO authenticated": {"privileges":["SELECT"]},
   "metadata.river_migration TO authenticated": {"privileges":["SELECT"]},
   "metadata.river_queue TO authenticated": {"privileges":["SELECT"]}
  },
  "tables": {
   "metadata.river_client": {"kind":"table","options":[],"persistence":"unlogged"},
   "metadata.river_client_queue": {"kind":"table","options":[],"persistence":"unlogged"},
   "metadata.river_job": {"kind":"table","options":["autovacuum_vacuum_cost_delay=1","autovacuum_vacuum_scale_factor=0.01"],"persistence":"permanent"},
   "metadata.river_leader": {"kind":"table","options":[],"persistence":"unlogged"},
   "metadata.river_migration": {"kind":"table","options":[],"persistence":"permanent"},
   "metadata.river_queue": {"kind":"table","options":[],"persistence":"permanent"}
  },
  "triggers": {
   "metadata.river_job.notify_river_insert_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"metadata.notify_river_insert","level":"statement","timing":"after","when":null}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
