-- Purpose: the migration runner's bookkeeping. Runs under the migration lock, when the log table is missing.
-- Called by: migrate::registry. refinery makes its own table civic_os_migrations.schema_history beside these.
create schema if not exists civic_os_migrations;
comment on schema civic_os_migrations is 'Bookkeeping of the migration runner; not part of the application interface';

create table if not exists civic_os_migrations.change_log (
  id bigint generated always as identity primary key,
  event text not null check (event in ('deploy', 'revert', 'fail', 'adopt')),
  change text not null,
  version integer not null,
  checksum text not null,
  -- A process that does not know the change must not run on this database.
  breaking boolean not null default false,
  at timestamptz not null default clock_timestamp(),
  by text not null default session_user,
  duration_ms integer not null,
  binary_version text not null,
  detail text
);

create table if not exists civic_os_migrations.application_files (
  name text primary key,
  checksum text not null,
  applied_at timestamptz not null default clock_timestamp(),
  applied_by text not null default session_user,
  duration_ms integer not null,
  row_count bigint
);

-- `serve` asks with the pool's login whether the database fits this release.
grant usage on schema civic_os_migrations to authenticator;
grant select (event, change, version, breaking) on civic_os_migrations.change_log to authenticator;
