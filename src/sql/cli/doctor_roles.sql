-- Which of the roles $1 (text[]) exist, and which of them the login may become. Called by cli/doctor/database.rs.
select wanted.name::text as name,
       r.oid is not null as is_there,
       coalesce(pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER'), false) as is_member
  from unnest($1::text[]) as wanted (name)
  left join pg_catalog.pg_roles r on r.rolname = wanted.name;
