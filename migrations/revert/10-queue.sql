-- seed metadata.river_migration: line = 'main' and version between 1 and 6
-- seed metadata.river_leader: true
-- seed metadata.river_queue: paused_at is null
-- seed metadata.river_client: true
-- seed metadata.river_client_queue: true
-- seed metadata.river_job: state = 'completed'

drop table metadata.river_client_queue;
drop table metadata.river_client;
drop table metadata.river_queue;
drop table metadata.river_leader;
drop table metadata.river_job;
drop function metadata.notify_river_insert();
drop function metadata.river_job_state_in_bitmask(bit, metadata.river_job_state);
drop table metadata.river_migration;
drop type metadata.river_job_state;
