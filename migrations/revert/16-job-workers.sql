-- The roles stay: they belong to the cluster, and another database may use them.
drop trigger keep_job_trace on metadata.river_job;
drop function metadata.keep_job_trace();
drop table metadata.periodic_jobs;
drop table metadata.job_processes;
drop policy "Workers handle jobs" on metadata.river_job;
revoke all on metadata.river_job, metadata.river_leader, metadata.river_queue from civic_os_worker, civic_os_payments;
revoke all on sequence metadata.river_job_id_seq from civic_os_worker, civic_os_payments;
revoke usage on schema metadata, public, payments from civic_os_worker, civic_os_payments;
