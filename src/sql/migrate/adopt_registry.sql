-- Purpose: notes in Sqitch's registry that the database was taken over (D-06: kept and extended, never dropped).
-- Parameter: 1 = note (text). Called by: migrate::adopt.
insert into metadata.events (
  event, change_id, change, project, note, requires, conflicts, tags,
  committed_at, committer_name, committer_email, planned_at, planner_name, planner_email
)
select
  'merge', c.change_id, c.change, c.project, $1::text, '{}', '{}', '{}',
  clock_timestamp(), session_user, session_user, c.planned_at, c.planner_name, c.planner_email
from metadata.changes c
where c.project = 'civic_os'
order by c.committed_at desc
limit 1
