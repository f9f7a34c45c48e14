//! Verification sees every change of every object that the core makes.

use super::caller::{Door, Who};
use crate::support::TestDatabase;
use civic_os::migrate::{Interface, VerifyOptions, VerifyReport, verify};
use std::path::Path;

/// Category and key of everything that the verify scripts state.
fn stated() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/verify");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let script = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let facts: Interface = serde_json::from_str(script.split("$facts$").nth(1).unwrap()).unwrap();
        for (category, objects) in facts.categories {
            all.extend(objects.into_keys().map(|key| (category.clone(), key)));
        }
    }
    assert!(all.len() > 800, "{}", all.len());
    all
}

/// Stated objects of these categories that no problem names. Views are printed differently by other major versions, where
/// their bodies are not compared.
async fn unnamed(database: &TestDatabase, report: &VerifyReport, categories: &[&str]) -> Vec<String> {
    let door = Door::open(database).await;
    let compares_bodies = door.value(&Who::Owner, "show server_version_num").await.starts_with("15");
    let problems: Vec<&String> = report.changes.iter().flat_map(|change| &change.problems).collect();
    stated()
        .into_iter()
        .filter(|(category, _)| categories.contains(&category.as_str()))
        .filter(|(category, _)| compares_bodies || category != "view_bodies")
        .map(|(category, key)| format!("{category} {key}"))
        .filter(|name| {
            !problems.iter().any(|p| {
                p.strip_prefix(name.as_str())
                    .is_some_and(|rest| rest.starts_with(':') || rest.starts_with(" is missing"))
            })
        })
        .collect()
}

async fn verified(database: &TestDatabase) -> VerifyReport {
    verify(&database.owner_url(), VerifyOptions { full: true }).await.unwrap()
}

/// For each object of a catalogue query, runs a statement made from its columns.
async fn each(door: &Door, query: &str, statement: &str) {
    door.run_as(
        &Who::Owner,
        &format!("do $do$ declare r record; begin for r in {query} loop execute {statement}; end loop; end $do$"),
    )
    .await;
}

const CORE_FUNCTIONS: &str = "select p.oid::regprocedure as f, p.prosecdef from pg_proc p
    where p.pronamespace::regnamespace::text in ('public', 'metadata', 'payments', 'civic_os_identity')
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')";
const CORE_TABLES: &str = "select c.oid::regclass as t, c.relrowsecurity, c.relname from pg_class c
    where c.relnamespace::regnamespace::text in ('metadata', 'payments', 'civic_os_identity') and c.relkind = 'r'";

#[tokio::test]
async fn altered_objects_are_named() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let healthy = verified(&database).await;
    assert!(healthy.is_healthy(), "{healthy:?}");

    each(
        &door,
        CORE_FUNCTIONS,
        "format('alter function %s security %s', r.f, case when r.prosecdef then 'invoker' else 'definer' end)",
    )
    .await;
    each(&door, CORE_FUNCTIONS, "format('revoke all on function %s from public, web_anon, authenticated, civic_os_worker, civic_os_payments, civic_os_identity', r.f)").await;
    each(
        &door,
        CORE_FUNCTIONS,
        "format('update pg_proc set prosrc = prosrc || '' '' where oid = %L::regprocedure', r.f)",
    )
    .await;
    each(&door, "select c.oid::regclass as v, pg_get_viewdef(c.oid) as body from pg_class c where c.relnamespace::regnamespace::text in ('public', 'civic_os_identity') and c.relkind = 'v'
            and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')",
        "format('create or replace view %s with (security_barrier = %s, security_invoker = %s) as select * from (%s) altered',
           r.v, (r.v::text not in ('payment_transactions', 'payment_refunds'))::text, (r.v::text not in ('civic_os_users', 'schema_properties', 'civic_os_identity.accounts'))::text, rtrim(r.body, ';'))").await;
    each(&door, CORE_TABLES, "format('alter table %s %s row level security', r.t, case when r.relrowsecurity then 'disable' else 'enable' end)").await;
    each(&door, CORE_TABLES, "format('alter table %s set (autovacuum_vacuum_threshold = 7)', r.t)").await;
    each(
        &door,
        "select polname, polrelid::regclass as t from pg_policy",
        "format('alter policy %I on %s to pg_monitor', r.polname, r.t)",
    )
    .await;
    each(
        &door,
        "select tgname, tgrelid::regclass as t from pg_trigger where not tgisinternal",
        "format('alter table %s disable trigger %I', r.t, r.tgname)",
    )
    .await;
    each(&door, "select c.oid::regclass as s from pg_class c where c.relkind = 'S' and c.relnamespace = 'metadata'::regnamespace", "format('alter sequence %s increment 3', r.s)").await;
    each(
        &door,
        "select t.oid::regtype as d from pg_type t where t.typtype = 'd' and t.typnamespace = 'public'::regnamespace",
        "format('alter domain %s add constraint added check (true)', r.d)",
    )
    .await;
    for statement in [
        "alter type metadata.permission add value 'fly'",
        "alter type metadata.river_job_state add value 'lost'",
        "revoke all on all tables in schema public, metadata, payments, civic_os_identity from web_anon, authenticated, civic_os_worker, civic_os_payments, civic_os_identity",
        "revoke all on all sequences in schema metadata from web_anon, authenticated, civic_os_worker, civic_os_payments, civic_os_identity",
        "revoke all on schema public, metadata, payments, postgis, civic_os_identity from public, web_anon, authenticated, civic_os_worker, civic_os_payments, civic_os_identity",
    ] {
        door.run_as(&Who::Owner, statement).await;
    }
    let report = verified(&database).await;
    let altered = [
        "functions",
        "function_grants",
        "function_bodies",
        "views",
        "view_bodies",
        "row_security",
        "tables",
        "policies",
        "triggers",
        "sequences",
        "domains",
        "enums",
        "table_grants",
        "sequence_grants",
        "column_grants",
        "schema_grants",
    ];
    assert_eq!(unnamed(&database, &report, &altered).await, Vec::<String>::new());
}

#[tokio::test]
async fn renamed_parts_of_tables_are_named() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    each(&door, "select k.conname, k.conrelid::regclass as t from pg_constraint k where k.conrelid <> 0 and k.connamespace::regnamespace::text in ('metadata', 'payments', 'civic_os_identity')",
        "format('alter table %s rename constraint %I to %I', r.t, r.conname, 'x' || left(r.conname, 60))").await;
    each(
        &door,
        "select i.indexrelid::regclass as i, c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
            where c.relnamespace::regnamespace::text in ('metadata', 'payments', 'civic_os_identity') and c.relname !~ '^x'",
        "format('alter index %s rename to %I', r.i, 'x' || left(r.relname, 60))",
    )
    .await;
    each(&door, "select a.attname, c.oid::regclass as t, c.relkind from pg_attribute a join pg_class c on c.oid = a.attrelid
            where c.relnamespace::regnamespace::text in ('public', 'metadata', 'payments', 'civic_os_identity') and c.relkind in ('r', 'v') and a.attnum > 0
              and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')",
        "format('alter %s %s rename column %I to %I', case r.relkind when 'v' then 'view' else 'table' end, r.t, r.attname, 'x' || r.attname)").await;
    let report = verified(&database).await;
    assert_eq!(
        unnamed(&database, &report, &["columns", "view_columns", "constraints", "indexes"]).await,
        Vec::<String>::new()
    );
    assert!(!report.drift.is_empty());
}

#[tokio::test]
async fn dropped_objects_are_named() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.run_as(&Who::Owner, "drop schema metadata cascade; drop schema payments cascade; drop schema postgis cascade; drop schema civic_os_identity cascade")
        .await;
    door.run_as(&Who::Owner, "drop extension btree_gist cascade; drop extension pgcrypto cascade").await;
    each(&door, CORE_FUNCTIONS, "format('drop function if exists %s cascade', r.f)").await;
    each(
        &door,
        "select t.oid::regtype as d from pg_type t where t.typtype = 'd' and t.typnamespace = 'public'::regnamespace",
        "format('drop domain if exists %s cascade', r.d)",
    )
    .await;
    each(
        &door,
        "select c.oid::regclass as v from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'v'",
        "format('drop view if exists %s cascade', r.v)",
    )
    .await;
    door.run_as(
        &Who::Owner,
        "revoke all on schema public from web_anon, authenticated, civic_os_worker, civic_os_payments, civic_os_identity",
    )
    .await;
    let report = verified(&database).await;
    let mut all: Vec<String> = stated().into_iter().map(|(category, _)| category).collect();
    all.sort();
    all.dedup();
    // Roles belong to the server.
    let categories: Vec<&str> = all.iter().map(String::as_str).filter(|category| *category != "roles").collect();
    assert_eq!(unnamed(&database, &report, &categories).await, Vec::<String>::new());
}

#[tokio::test]
async fn additions_that_give_rights_are_drift_and_applications_are_not() {
    let database = TestDatabase::with_example("town").await;
    let door = Door::open(&database).await;
    let report = verified(&database).await;
    assert!(report.is_healthy(), "{report:?}");
    door.run_as(
        &Who::Owner,
        "create policy \"Anybody\" on metadata.roles for all using (true);
         grant insert on metadata.permissions to web_anon;
         grant select on payments.refunds to authenticated;
         alter table metadata.statuses add column extra text;
         create index extra_index on metadata.statuses (description)",
    )
    .await;
    let report = verified(&database).await;
    let lines: Vec<String> =
        report.drift.iter().map(|difference| difference.to_string().lines().next().unwrap().to_owned()).collect();
    assert_eq!(
        lines,
        [
            "~ table_grants metadata.permissions TO web_anon: privileges",
            "+ columns metadata.statuses.extra",
            "+ policies metadata.roles.Anybody",
            "+ table_grants payments.refunds TO authenticated",
        ]
    );
}
