-- Implicit casts by function between a domain and json or text. Read by schema_cache::load.
select pg_catalog.format_type(k.castsource, null),
       pg_catalog.format_type(k.casttarget, null),
       n.nspname,
       p.proname
  from pg_catalog.pg_cast k
  join pg_catalog.pg_type source on source.oid = k.castsource
  join pg_catalog.pg_type target on target.oid = k.casttarget
  join pg_catalog.pg_proc p on p.oid = k.castfunc
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where k.castcontext = 'i'
   and k.castmethod = 'f'
   and pg_catalog.has_function_privilege(k.castfunc, 'execute')
   and ((source.typtype = 'd' and k.casttarget in ('json'::pg_catalog.regtype, 'text'::pg_catalog.regtype))
     or (target.typtype = 'd' and k.castsource in ('json'::pg_catalog.regtype, 'text'::pg_catalog.regtype)))
