//! Who may do what (section 16 of the database contract): every relation of release 0.15.0, letter by letter.

use super::caller::{ANNA, Door, Who, anna, carla};
use crate::support::TestDatabase;

/// Relation, privileges of `web_anon`, privileges of `authenticated`: s(elect), i(nsert), u(pdate), d(elete).
const GRANTS: [(&str, &str, &str); 43] = [
    ("metadata.civic_os_users", "s", "siu"),
    ("metadata.civic_os_users_private", "s", "siu"),
    ("metadata.constraint_messages", "s", "s"),
    ("metadata.dashboard_widgets", "s", "siud"),
    ("metadata.dashboards", "s", "siud"),
    ("metadata.entities", "s", "siu"),
    ("metadata.file_upload_requests", "", "s"),
    ("metadata.files", "s", "siu"),
    ("metadata.notification_preferences", "", ""),
    ("metadata.notification_templates", "", ""),
    ("metadata.notifications", "", ""),
    ("metadata.permission_roles", "s", "s"),
    ("metadata.permissions", "s", "s"),
    ("metadata.properties", "s", "s"),
    ("metadata.river_client", "", ""),
    ("metadata.river_client_queue", "", ""),
    ("metadata.river_job", "", "s"),
    ("metadata.river_leader", "", ""),
    ("metadata.river_migration", "", "s"),
    ("metadata.river_queue", "", "s"),
    ("metadata.roles", "s", "s"),
    ("metadata.status_types", "s", "siud"),
    ("metadata.statuses", "s", "siud"),
    ("metadata.template_part_validation_results", "", ""),
    ("metadata.template_validation_results", "", ""),
    ("metadata.user_dashboard_preferences", "", "siu"),
    ("metadata.user_roles", "s", "s"),
    ("metadata.validations", "s", "s"),
    ("metadata.webhooks", "", ""),
    ("metadata.widget_types", "s", "s"),
    ("payments.refunds", "", ""),
    ("payments.transactions", "", ""),
    ("public.civic_os_users", "s", "s"),
    ("public.constraint_messages", "s", "s"),
    ("public.files", "s", "siu"),
    ("public.notification_preferences", "", "siu"),
    ("public.notification_templates", "s", "siud"),
    ("public.payment_refunds", "", "s"),
    ("public.payment_transactions", "s", "s"),
    ("public.schema_cache_versions", "s", "s"),
    ("public.schema_entities", "s", "s"),
    ("public.schema_properties", "s", "s"),
    ("public.statuses", "s", "s"),
];

const SEQUENCES: [(&str, &str); 12] = [
    ("constraint_messages_id_seq", ""),
    ("dashboard_widgets_id_seq", "select usage"),
    ("dashboards_id_seq", "select usage"),
    ("notification_templates_id_seq", "usage"),
    ("notifications_id_seq", "usage"),
    ("permissions_id_seq", ""),
    ("river_job_id_seq", ""),
    ("roles_id_seq", ""),
    ("statuses_id_seq", "select usage"),
    ("template_part_validation_results_id_seq", "usage"),
    ("validations_id_seq", ""),
    ("saved_views_id_seq", ""),
];

#[tokio::test]
async fn every_relation_gives_exactly_these_privileges() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    for (relation, anonymous, authenticated) in GRANTS {
        for (who, role, granted) in [(Who::Anonymous, "web_anon", anonymous), (anna(), "authenticated", authenticated)]
        {
            let letters = format!(
                "select string_agg(letter, '' order by n) from unnest('{{s,i,u,d}}'::text[], '{{select,insert,update,delete}}'::text[]) with ordinality p (letter, privilege, n)
                 where has_table_privilege('{role}', '{relation}', privilege)"
            );
            assert_eq!(door.value(&Who::Owner, &letters).await, granted, "{role}: {relation}");
            let read = format!("select * from {relation}");
            if granted.contains('s') {
                door.run_as(&who, &read).await;
                continue;
            }
            let refusal = door.refusal(&who, &read).await;
            let (schema, name) = relation.split_once('.').unwrap();
            let kind = if schema == "public" { "view" } else { "table" };
            // Nobody without the schema gets as far as its tables.
            let texts =
                [format!("permission denied for {kind} {name}"), format!("permission denied for schema {schema}")];
            assert!(refusal.code == "42501" && texts.contains(&refusal.message), "{refusal:?}");
        }
    }
    let known: Vec<String> = GRANTS.iter().map(|(relation, ..)| format!("'{relation}'")).collect();
    let additions = format!(
        "select c.oid::regclass::text from pg_class c
         where c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace::regnamespace::text in ('public', 'metadata', 'payments', 'civic_os_identity', 'civic_os_migrations')
           and c.relnamespace::regnamespace || '.' || c.relname not in ({})
           and (has_table_privilege('web_anon', c.oid, 'select, insert, update, delete') or has_any_column_privilege('web_anon', c.oid, 'select, insert, update'))",
        known.join(", ")
    );
    assert_eq!(door.values(&Who::Owner, &additions).await, Vec::<String>::new(), "additions are closed to visitors");
    // D-03: what an anonymous upload may state of itself.
    let columns = "select count(*) from pg_attribute where attrelid = 'public.files'::regclass and attnum > 0 and has_column_privilege('web_anon', attrelid, attnum, 'insert')";
    assert_eq!(door.value(&Who::Owner, columns).await, "9");
}

#[tokio::test]
async fn sequences_and_schemas_give_exactly_these_privileges() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    for (sequence, granted) in SEQUENCES {
        let held = format!(
            "select string_agg(privilege, ' ' order by privilege) from unnest('{{usage,select,update}}'::text[]) privilege
             where has_sequence_privilege('authenticated', 'metadata.{sequence}', privilege)"
        );
        assert_eq!(door.value(&Who::Owner, &held).await, granted, "{sequence}");
        let anonymous =
            format!("select has_sequence_privilege('web_anon', 'metadata.{sequence}', 'usage, select, update')");
        assert_eq!(door.value(&Who::Owner, &anonymous).await, "f", "{sequence}");
    }
    for (schema, anonymous, authenticated) in
        [("public", "t", "t"), ("metadata", "t", "t"), ("payments", "f", "t"), ("postgis", "t", "t")]
    {
        for (role, expected) in [("web_anon", anonymous), ("authenticated", authenticated)] {
            let usage = format!("select has_schema_privilege('{role}', '{schema}', 'usage')");
            assert_eq!(door.value(&Who::Owner, &usage).await, expected, "{role}: {schema}");
            let create = format!("select has_schema_privilege('{role}', '{schema}', 'create')");
            assert_eq!(door.value(&Who::Owner, &create).await, "f", "{role}: {schema}");
        }
    }
    // The pool's login on its own can do what everybody may, and nothing else.
    let alone = "set local role authenticator; select count(*) from metadata.roles";
    assert_eq!(door.refused(&Who::Owner, alone).await, "42501");
}

#[tokio::test]
async fn not_even_administrators_write_these_directly() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    for table in [
        "metadata.properties",
        "metadata.validations",
        "metadata.constraint_messages",
        "metadata.roles",
        "metadata.permissions",
        "metadata.permission_roles",
        "metadata.widget_types",
        "metadata.notifications",
        "metadata.river_job",
        "metadata.webhooks",
        "payments.transactions",
        "payments.refunds",
    ] {
        let column = format!("select attname from pg_attribute where attrelid = '{table}'::regclass and attnum = 1");
        let column = door.value(&Who::Owner, &column).await;
        for sql in [
            format!("insert into {table} default values"),
            format!("update {table} set {column} = {column}"),
            format!("delete from {table}"),
        ] {
            assert_eq!(door.refused(&carla(), &sql).await, "42501", "{sql}");
        }
    }
    // People: row security has the last word, or there is no privilege.
    for table in ["metadata.civic_os_users", "metadata.civic_os_users_private"] {
        let name = table.trim_start_matches("metadata.");
        let insert = format!("insert into {table} (id, display_name) values (gen_random_uuid(), 'x')");
        assert_eq!(
            door.refusal(&carla(), &insert).await.message,
            format!("new row violates row-level security policy for table \"{name}\"")
        );
        let update = format!(
            "with t as (update {table} set display_name = 'x' where id = '{ANNA}' returning 1) select count(*) from t"
        );
        assert_eq!(door.value(&carla(), &update).await, "0", "no error, no row");
        assert_eq!(door.refused(&carla(), &format!("delete from {table}")).await, "42501");
    }
}
