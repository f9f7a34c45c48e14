-- Purpose: what a client, an operator or an application's script can observe of a database, as one row per object:
-- category, key, record. Bodies of functions and views are hashes in categories of their own. Objects of extensions,
-- of the server and of migration tools are left out.
-- No parameters. The search path must be empty, so that every printed name is qualified.
-- Called by: migrate::interface.
with extension_member as materialized (
  select d.classid, d.objid from pg_catalog.pg_depend d where d.deptype = 'e'
),
schema as materialized (
  select n.oid, n.nspname, n.nspowner, n.nspacl
  from pg_catalog.pg_namespace n
  where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'sqitch', 'civic_os_migrations')
),
relation as materialized (
  select
    c.oid, n.nspname, c.relname, n.nspname || '.' || c.relname as key, c.relkind, c.relpersistence, c.relrowsecurity,
    c.relforcerowsecurity, c.reloptions, c.relacl, c.relowner
  from pg_catalog.pg_class c
  join schema n on n.oid = c.relnamespace
  where not exists (
      select from extension_member e where e.classid = 'pg_catalog.pg_class'::regclass and e.objid = c.oid
    )
    -- Sqitch's registry
    and not (
      n.nspname = 'metadata' and c.relname in ('changes', 'dependencies', 'events', 'projects', 'releases', 'tags')
    )
),
routine as materialized (
  select
    p.oid,
    n.nspname || '.' || p.proname || '(' || coalesce(
      (
        select string_agg(pg_catalog.format_type(u.type, null), ', ' order by u.position)
        from unnest(p.proargtypes::oid[]) with ordinality as u (type, position)
      ),
      ''
    ) || ')' as key,
    p.prokind, p.provolatile, p.prosecdef, p.proisstrict, p.proretset, p.proconfig, p.prosrc, p.prolang, p.proacl,
    p.proowner, p.proargnames, p.proargmodes, p.pronargs,
    coalesce(p.proallargtypes, p.proargtypes::oid[]) as types
  from pg_catalog.pg_proc p
  join schema n on n.oid = p.pronamespace
  where not exists (
    select from extension_member e where e.classid = 'pg_catalog.pg_proc'::regclass and e.objid = p.oid
  )
),
privilege as (
  select 'schema_grants' as category, n.nspname::text as object, a.grantee, a.privilege_type
  from schema n
  cross join lateral pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
  union all
  select
    case when r.relkind = 'S' then 'sequence_grants' else 'table_grants' end,
    r.key,
    a.grantee,
    a.privilege_type
  from relation r
  cross join lateral pg_catalog.aclexplode(
    coalesce(r.relacl, pg_catalog.acldefault((case when r.relkind = 'S' then 's' else 'r' end)::"char", r.relowner))
  ) a
  where r.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
  union all
  select 'column_grants', r.key || '.' || t.attname, a.grantee, a.privilege_type
  from relation r
  join pg_catalog.pg_attribute t on t.attrelid = r.oid and t.attacl is not null and not t.attisdropped
  cross join lateral pg_catalog.aclexplode(t.attacl) a
  union all
  select 'function_grants', f.key, a.grantee, a.privilege_type
  from routine f
  cross join lateral pg_catalog.aclexplode(coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))) a
  union all
  select 'default_grants', coalesce(n.nspname::text, '*') || ' ' || d.defaclobjtype::text, a.grantee, a.privilege_type
  from pg_catalog.pg_default_acl d
  left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
  cross join lateral pg_catalog.aclexplode(d.defaclacl) a
)
select 'schemas' as category, n.nspname::text as key, '{}'::jsonb as record
from schema n

union all
select 'extensions', e.extname::text, jsonb_build_object('schema', n.nspname)
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace
where e.extname <> 'plpgsql'

union all
select
  'roles',
  r.rolname::text,
  jsonb_build_object(
    'superuser', r.rolsuper,
    'inherit', r.rolinherit,
    'create_role', r.rolcreaterole,
    'create_db', r.rolcreatedb,
    'login', r.rolcanlogin,
    'replication', r.rolreplication,
    'bypass_rls', r.rolbypassrls,
    'settings', to_jsonb(array(select s from unnest(r.rolconfig) s order by s collate "C")),
    'member_of', to_jsonb(array(
      select g.rolname::text
      from pg_catalog.pg_auth_members m
      join pg_catalog.pg_roles g on g.oid = m.roleid
      where m.member = r.oid
      order by g.rolname
    ))
  )
from pg_catalog.pg_roles r
where r.rolname in ('authenticator', 'web_anon', 'authenticated', 'civic_os_worker', 'civic_os_payments', 'civic_os_identity')

union all
select
  'domains',
  n.nspname || '.' || t.typname,
  jsonb_build_object(
    'base', pg_catalog.format_type(t.typbasetype, t.typtypmod),
    'not_null', t.typnotnull,
    'default', t.typdefault,
    'checks', to_jsonb(array(
      select pg_catalog.pg_get_constraintdef(c.oid)
      from pg_catalog.pg_constraint c
      where c.contypid = t.oid and c.contype = 'c'
      order by 1
    )),
    'check_names', to_jsonb(array(
      select c.conname::text from pg_catalog.pg_constraint c where c.contypid = t.oid and c.contype = 'c' order by 1
    ))
  )
from pg_catalog.pg_type t
join schema n on n.oid = t.typnamespace
where t.typtype = 'd'
  and not exists (
    select from extension_member e where e.classid = 'pg_catalog.pg_type'::regclass and e.objid = t.oid
  )

union all
select
  'enums',
  n.nspname || '.' || t.typname,
  jsonb_build_object(
    'labels', to_jsonb(array(
      select l.enumlabel::text from pg_catalog.pg_enum l where l.enumtypid = t.oid order by l.enumsortorder
    ))
  )
from pg_catalog.pg_type t
join schema n on n.oid = t.typnamespace
where t.typtype = 'e'
  and not exists (
    select from extension_member e where e.classid = 'pg_catalog.pg_type'::regclass and e.objid = t.oid
  )

union all
select
  'composites',
  r.key,
  jsonb_build_object(
    'fields', to_jsonb(array(
      select a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
      from pg_catalog.pg_attribute a
      where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      order by a.attnum
    ))
  )
from relation r
join pg_catalog.pg_type t on t.typrelid = r.oid
where r.relkind = 'c'
  and not exists (
    select from extension_member e where e.classid = 'pg_catalog.pg_type'::regclass and e.objid = t.oid
  )

union all
select
  'tables',
  r.key,
  jsonb_build_object(
    'kind', case r.relkind when 'r' then 'table' when 'p' then 'partitioned table' else 'foreign table' end,
    'persistence', case r.relpersistence when 'p' then 'permanent' when 'u' then 'unlogged' else 'temporary' end,
    'options', to_jsonb(array(select o from unnest(r.reloptions) o order by o collate "C"))
  )
from relation r
where r.relkind in ('r', 'p', 'f')

union all
select
  'row_security', r.key, jsonb_build_object('enabled', r.relrowsecurity, 'forced', r.relforcerowsecurity)
from relation r
where r.relkind in ('r', 'p', 'f')

union all
select
  case when r.relkind in ('v', 'm') then 'view_columns' else 'columns' end,
  r.key || '.' || a.attname,
  case
    when r.relkind in ('v', 'm') then jsonb_build_object(
      'position', row_number() over (partition by r.oid order by a.attnum),
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod)
    )
    else jsonb_build_object(
      'position', row_number() over (partition by r.oid order by a.attnum),
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'not_null', a.attnotnull,
      'default', case when a.attgenerated = '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end,
      'generated', case when a.attgenerated <> '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end,
      'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end
    )
  end
from relation r
join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where r.relkind in ('r', 'p', 'f', 'v', 'm')

union all
select
  'constraints',
  r.key || '.' || k.conname,
  jsonb_build_object(
    'kind', case k.contype
      when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key' when 'c' then 'check'
      else 'exclude'
    end,
    'definition', regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), '\s+', ' ', 'g')
  )
from relation r
join pg_catalog.pg_constraint k on k.conrelid = r.oid
where k.contype in ('p', 'u', 'f', 'c', 'x')

union all
select
  'views',
  r.key,
  jsonb_build_object(
    'kind', case r.relkind when 'v' then 'view' else 'materialized view' end,
    'security_invoker', coalesce(r.reloptions && array['security_invoker=true', 'security_invoker=on'], false),
    'security_barrier', coalesce(r.reloptions && array['security_barrier=true', 'security_barrier=on'], false),
    'accepts', to_jsonb(array(
      select w.word
      from (values (1, 'insert', 8), (2, 'update', 4), (3, 'delete', 16)) w (position, word, bit)
      where pg_catalog.pg_relation_is_updatable(r.oid, true) & w.bit <> 0
      order by w.position
    ))
  )
from relation r
where r.relkind in ('v', 'm')

union all
select
  'view_bodies',
  r.key,
  jsonb_build_object('hash', md5(regexp_replace(pg_catalog.pg_get_viewdef(r.oid), '\s+', ' ', 'g')))
from relation r
where r.relkind in ('v', 'm')

union all
select
  'functions',
  f.key,
  jsonb_build_object(
    'kind', case f.prokind when 'f' then 'function' when 'p' then 'procedure' when 'a' then 'aggregate' else 'window' end,
    'arguments', coalesce(
      (
        select jsonb_agg(
          jsonb_build_object(
            'mode', case coalesce(f.proargmodes[u.position], 'i')
              when 'i' then 'in' when 'o' then 'out' when 'b' then 'inout' else 'variadic'
            end,
            'name', nullif(f.proargnames[u.position], ''),
            'type', pg_catalog.format_type(u.type, null),
            'default', pg_catalog.pg_get_function_arg_default(f.oid, u.position::integer)
          )
          order by u.position
        )
        from unnest(f.types) with ordinality as u (type, position)
        where coalesce(f.proargmodes[u.position], 'i') <> 't'
      ),
      '[]'
    ),
    'returns', pg_catalog.pg_get_function_result(f.oid),
    'returns_columns', coalesce(
      (
        select jsonb_agg(
          jsonb_build_object('name', f.proargnames[u.position], 'type', pg_catalog.format_type(u.type, null))
          order by u.position
        )
        from unnest(f.types) with ordinality as u (type, position)
        where f.proargmodes[u.position] = 't'
      ),
      '[]'
    ),
    'returns_set', f.proretset,
    'volatility', case f.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
    'security_definer', f.prosecdef,
    'strict', f.proisstrict,
    'language', (select l.lanname from pg_catalog.pg_language l where l.oid = f.prolang),
    'settings', to_jsonb(array(select s from unnest(f.proconfig) s order by s collate "C"))
  )
from routine f

union all
select 'function_bodies', f.key, jsonb_build_object('hash', md5(f.prosrc))
from routine f

union all
select
  'triggers',
  r.key || '.' || t.tgname,
  jsonb_build_object(
    'timing', case when t.tgtype & 2 <> 0 then 'before' when t.tgtype & 64 <> 0 then 'instead of' else 'after' end,
    'events', to_jsonb(array(
      select w.word
      from (values (1, 'insert', 4), (2, 'update', 16), (3, 'delete', 8), (4, 'truncate', 32)) w (position, word, bit)
      where t.tgtype & w.bit <> 0
      order by w.position
    )),
    'level', case when t.tgtype & 1 <> 0 then 'row' else 'statement' end,
    'columns', to_jsonb(array(
      select a.attname::text
      from pg_catalog.pg_attribute a
      where a.attrelid = r.oid and a.attnum = any (t.tgattr::smallint[])
      order by 1
    )),
    'function', n.nspname || '.' || p.proname,
    'when', substring(pg_catalog.pg_get_triggerdef(t.oid) from ' WHEN \((.*)\) EXECUTE '),
    'enabled', case t.tgenabled when 'O' then 'origin' when 'D' then 'disabled' when 'R' then 'replica' else 'always' end
  )
from relation r
join pg_catalog.pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
join pg_catalog.pg_proc p on p.oid = t.tgfoid
join pg_catalog.pg_namespace n on n.oid = p.pronamespace

union all
select
  'policies',
  r.key || '.' || p.polname,
  jsonb_build_object(
    'permissive', p.polpermissive,
    'command', case p.polcmd
      when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all'
    end,
    'roles', to_jsonb(array(
      select coalesce(o.rolname::text, 'public')
      from unnest(p.polroles) member
      left join pg_catalog.pg_roles o on o.oid = member
      order by 1
    )),
    'using', regexp_replace(pg_catalog.pg_get_expr(p.polqual, p.polrelid), '\s+', ' ', 'g'),
    'with_check', regexp_replace(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '\s+', ' ', 'g')
  )
from relation r
join pg_catalog.pg_policy p on p.polrelid = r.oid

union all
select
  'indexes',
  r.key || '.' || i.relname,
  jsonb_build_object(
    'unique', x.indisunique,
    'definition', regexp_replace(pg_catalog.pg_get_indexdef(i.oid), '^CREATE (UNIQUE )?INDEX \S+ ON (ONLY )?', '')
  )
from relation r
join pg_catalog.pg_index x on x.indrelid = r.oid
join pg_catalog.pg_class i on i.oid = x.indexrelid
where r.relkind in ('r', 'p', 'm')
  and not exists (
    select from pg_catalog.pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x')
  )

union all
select
  'sequences',
  r.key,
  jsonb_build_object(
    'type', pg_catalog.format_type(s.seqtypid, null),
    'start', s.seqstart,
    'increment', s.seqincrement,
    'owned_by', (
      select tn.nspname || '.' || t.relname || '.' || a.attname
      from pg_catalog.pg_depend d
      join pg_catalog.pg_class t on t.oid = d.refobjid
      join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
      where d.objid = r.oid
        and d.classid = 'pg_catalog.pg_class'::regclass
        and d.deptype in ('a', 'i')
        and d.refobjsubid > 0
    )
  )
from relation r
join pg_catalog.pg_sequence s on s.seqrelid = r.oid

union all
select
  p.category,
  p.object || ' TO ' || coalesce(g.rolname::text, 'PUBLIC'),
  jsonb_build_object('privileges', jsonb_agg(distinct p.privilege_type order by p.privilege_type))
from privilege p
left join pg_catalog.pg_roles g on g.oid = p.grantee
where coalesce(g.rolname, 'PUBLIC') in (
  'authenticator', 'web_anon', 'authenticated', 'civic_os_worker', 'civic_os_payments', 'civic_os_identity',
  'PUBLIC'
)
group by p.category, p.object, g.rolname
