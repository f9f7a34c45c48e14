-- The job queue: River's tables at its schema version 6, with River's names, so that River's tools, its Go clients and
-- operators' SQL keep working.

-- All labels at once: adding one later and using it in the same transaction needs PostgreSQL 17 (D-05).
create type metadata.river_job_state as enum (
  'available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled'
);

create table metadata.river_migration (
  id bigserial not null,
  created_at timestamptz not null default now(),
  version bigint not null constraint version check (version >= 1),
  line text not null default 'main',
  constraint river_migration_pkey primary key (line, version)
);

create table metadata.river_job (
  id bigserial constraint river_job_pkey primary key,
  state metadata.river_job_state not null default 'available',
  attempt smallint not null default 0,
  max_attempts smallint not null,
  attempted_at timestamptz,
  created_at timestamptz not null default now(),
  finalized_at timestamptz,
  scheduled_at timestamptz not null default now(),
  -- 1 is taken first.
  priority smallint not null default 1,
  args jsonb not null,
  attempted_by text[],
  errors jsonb[],
  kind text not null,
  metadata jsonb not null default '{}',
  queue text not null default 'default',
  tags varchar(255)[] not null default '{}'::varchar[],
  unique_key bytea,
  unique_states bit(8),
  constraint finalized_or_finalized_at_null check (
    (
      finalized_at is null
      and state <> all (array[
        'cancelled'::metadata.river_job_state, 'completed'::metadata.river_job_state,
        'discarded'::metadata.river_job_state
      ])
    )
    or (
      finalized_at is not null
      and state = any (array[
        'cancelled'::metadata.river_job_state, 'completed'::metadata.river_job_state,
        'discarded'::metadata.river_job_state
      ])
    )
  ),
  constraint max_attempts_is_positive check (max_attempts > 0),
  constraint priority_in_range check (priority >= 1 and priority <= 4),
  constraint queue_length check (char_length(queue) > 0 and char_length(queue) < 128),
  constraint kind_length check (char_length(kind) > 0 and char_length(kind) < 128)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 1);

-- Bit of a state, counted from the right: available, cancelled, completed, discarded, pending, retryable, running,
-- scheduled.
create function metadata.river_job_state_in_bitmask(bitmask bit, state metadata.river_job_state)
returns boolean
language sql
immutable
as $$
  select case state
    when 'available' then get_bit(bitmask, 7)
    when 'cancelled' then get_bit(bitmask, 6)
    when 'completed' then get_bit(bitmask, 5)
    when 'discarded' then get_bit(bitmask, 4)
    when 'pending' then get_bit(bitmask, 3)
    when 'retryable' then get_bit(bitmask, 2)
    when 'running' then get_bit(bitmask, 1)
    when 'scheduled' then get_bit(bitmask, 0)
    else 0
  end = 1
$$;

create index river_job_kind on metadata.river_job (kind);
create index river_job_state_and_finalized_at_index on metadata.river_job (state, finalized_at)
  where finalized_at is not null;
create index river_job_prioritized_fetching_index on metadata.river_job (state, queue, priority, scheduled_at, id);
create index river_job_args_index on metadata.river_job using gin (args);
create index river_job_metadata_index on metadata.river_job using gin (metadata);
create unique index river_job_unique_idx on metadata.river_job (unique_key)
  where unique_key is not null
    and unique_states is not null
    and metadata.river_job_state_in_bitmask(unique_states, state);
-- The older river_job_kind_unique_key_idx is left out (W10): it would refuse a unique job for ever once an equal one was
-- cancelled or discarded, which is what unique_states is there to allow.

create unlogged table metadata.river_leader (
  elected_at timestamptz not null,
  expires_at timestamptz not null,
  leader_id text not null,
  name text default 'default' constraint river_leader_pkey primary key,
  constraint name_length check (name = 'default'),
  constraint leader_id_length check (char_length(leader_id) > 0 and char_length(leader_id) < 128)
);

create table metadata.river_queue (
  name text constraint river_queue_pkey primary key,
  created_at timestamptz not null default now(),
  metadata jsonb not null default '{}',
  paused_at timestamptz,
  updated_at timestamptz not null
);

-- Reserved by River, never filled.
create unlogged table metadata.river_client (
  id text constraint river_client_pkey primary key,
  created_at timestamptz not null default now(),
  metadata jsonb not null default '{}',
  paused_at timestamptz,
  updated_at timestamptz not null
);

create unlogged table metadata.river_client_queue (
  river_client_id text not null
    constraint river_client_queue_river_client_id_fkey references metadata.river_client (id) on delete cascade,
  name text not null,
  created_at timestamptz not null default now(),
  max_workers bigint not null,
  metadata jsonb not null default '{}',
  num_jobs_completed bigint not null default 0,
  num_jobs_running bigint not null default 0,
  paused_at timestamptz,
  updated_at timestamptz not null,
  constraint river_client_queue_pkey primary key (river_client_id, name)
);

-- Arguments of jobs contain mail texts and payment ids: administrators only (D-02). The grant is the interface of 0.15,
-- row security decides.
grant select on metadata.river_job, metadata.river_migration, metadata.river_queue to authenticated;
alter table metadata.river_job enable row level security;
create policy "Admins see jobs" on metadata.river_job
  for select to authenticated using ((select public.is_admin()));

-- D-09: River's clients wake up on this channel and payload. Per statement; PostgreSQL sends equal notifications of one
-- transaction once, so a thousand jobs for one queue are one wake-up.
create function metadata.notify_river_insert()
returns trigger
language plpgsql
as $$
begin
  perform pg_notify('metadata.river_insert', jsonb_build_object('queue', q.queue)::text)
  from (select distinct queue from inserted where state = 'available') q;
  return null;
end
$$;

create trigger notify_river_insert_trigger
  after insert on metadata.river_job
  referencing new table as inserted
  for each statement execute function metadata.notify_river_insert();

insert into metadata.river_migration (line, version)
select 'main', v from generate_series(1, 6) v;
