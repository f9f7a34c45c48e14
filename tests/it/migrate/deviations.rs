//! Where the core differs from release 0.15.0 on purpose: every decision about the database has a test that cites it.

use super::caller::{ANNA, Door, Who, anna, bert, carla};
use super::coverage::sources;
use crate::support::TestDatabase;
use serde_json::json;

const PAGE: &str = include_str!("../../../docs/database.md");
const MONITORING: &str = include_str!("../../contract/monitoring.sql");
/// Decisions about the database that the page tells elsewhere or not at all, because nothing differs.
const ALSO: [&str; 4] = ["D-04", "D-06", "D-08", "D-22"];

#[test]
fn every_decision_is_cited_by_a_test() {
    let sources = sources();
    let of_the_page: Vec<&str> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .filter_map(|line| line.split_once(" |"))
        .map(|(first, _)| first)
        .filter(|first| first.starts_with("D-"))
        .collect();
    assert!(of_the_page.len() >= 17, "{of_the_page:?}");
    let missing: Vec<&str> = of_the_page.into_iter().chain(ALSO).filter(|number| !sources.contains(number)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// D-03: the configuration's `files.anonymous_uploads` reaches the functions as a setting of the request.
#[tokio::test]
async fn anonymous_uploads_are_a_switch() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    let request = "select request_upload_url('reports', '7', 'hole.jpg', 'image/jpeg')";
    let refused = |outcome: super::caller::Refusal| {
        assert_eq!((outcome.code.as_str(), outcome.message.as_str()), ("42501", "Sign in to upload files"))
    };
    // require_uploader
    refused(door.refusal(&Who::Anonymous, request).await);
    refused(door.refusal(&Who::Anonymous, "select * from get_upload_url(gen_random_uuid())").await);
    // Without claims it is the role that tells.
    refused(door.refusal(&Who::Owner, &format!("set local role web_anon; {request}")).await);
    // Code of the owner that runs without a request is nobody's door.
    door.run_as(&Who::Owner, &format!("{request}; delete from metadata.file_upload_requests")).await;

    let on = |sql: &str| format!("set local civic_os.anonymous_uploads to true; {sql}");
    let id = door.value(&Who::Anonymous, &on(request)).await;
    let file = door
        .value(
            &Who::Owner,
            "update metadata.file_upload_requests set status = 'completed', file_id = uuid_generate_v7(), s3_key = 'reports/7/f/original.jpg',
               presigned_url = 'http://store:9000/civic-os-files/reports/7/f/original.jpg?X=1' returning file_id",
        )
        .await;
    let poll = on(&format!("select file_id from get_upload_url('{id}')"));
    assert_eq!(door.value(&Who::Anonymous, &poll).await, file);
    let register = format!(
        "insert into files (id, entity_type, entity_id, file_name, file_type, file_size, s3_bucket, s3_original_key, thumbnail_status)
         values ('{file}', 'reports', '7', 'hole.jpg', 'image/jpeg', 10, 'civic-os-files', 'reports/7/f/original.jpg', 'not_applicable')
         returning coalesce(created_by::text, 'nobody')"
    );
    let foreign = "This file does not belong to an upload of yours";
    assert_eq!(door.refused_with(&Who::Anonymous, &register).await, foreign, "off again");
    assert_eq!(door.refused_with(&bert(), &on(&register)).await, foreign, "nobody's upload is not Bert's");
    assert_eq!(door.value(&Who::Anonymous, &on(&register)).await, "nobody");
    let change = on("update files set file_name = 'x'");
    assert_eq!(door.refused(&Who::Anonymous, &change).await, "42501");
    assert_eq!(door.refused(&bert(), &change).await, "42501");
    door.run_as(&carla(), "update files set file_name = 'x'").await;

    let of_anna = door.value(&anna(), request).await;
    let poll = on(&format!("select 1 from get_upload_url('{of_anna}')"));
    assert_eq!(door.values(&Who::Anonymous, &poll).await, Vec::<String>::new(), "Anna's address stays hers");
}

/// D-04: what clients ask before anybody signs in works without a sign-in.
#[tokio::test]
async fn anonymous_people_may_ask_what_there_is() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.run_as(&Who::Owner, "create table leaflets (id int primary key); grant select on leaflets to web_anon").await;
    for (sql, answer) in [
        ("select has_permission('leaflets', 'read')", "f"),
        ("select is_admin()", "f"),
        ("select get_user_default_dashboard()", "1"),
        ("select display_name from get_dashboards()", "Welcome"),
        ("select get_dashboard(1) ->> 'display_name'", "Welcome"),
        ("select table_name from schema_entities", "leaflets"),
        ("select column_name from schema_properties", "id"),
        ("select count(*) > 2 from schema_cache_versions", "t"),
        ("select count(*) from schema_relations_func() where src_schema = 'public'", "0"),
    ] {
        assert_eq!(door.value(&Who::Anonymous, sql).await, answer, "{sql}");
    }
}

#[tokio::test]
async fn states_are_whole_and_what_workers_write_is_accepted() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    // D-05: the enumeration is created in one go, so that PostgreSQL 15 takes it.
    assert_eq!(
        door.value(&Who::Owner, "select enum_range(null::metadata.river_job_state)").await,
        "{available,cancelled,completed,discarded,pending,retryable,running,scheduled}"
    );
    // D-08: failures of uploads and thumbnails have a state; the word that 0.15's worker wrote is refused.
    door.run_as(
        &Who::Owner,
        "insert into metadata.files (entity_type, entity_id, file_name, file_type, file_size, s3_original_key) values ('a', 'b', 'c', 'd', 1, 'e');
         insert into metadata.file_upload_requests (entity_type, entity_id, file_name, file_type) values ('a', 'b', 'c', 'd')",
    )
    .await;
    let states = ["processing", "failed", "completed"];
    for (table, column, message) in
        [("files", "thumbnail_status", "thumbnail_error"), ("file_upload_requests", "status", "error_message")]
    {
        for state in states {
            door.run_as(&Who::Owner, &format!("update metadata.{table} set {column} = '{state}', {message} = 'why'"))
                .await;
        }
        let wrong = format!("update metadata.{table} set {column} = 'error'");
        assert_eq!(door.refused(&Who::Owner, &wrong).await, "23514", "{table}");
    }
}

/// D-33: a unique job may be inserted again once an equal one is through.
#[tokio::test]
async fn finished_jobs_do_not_block_equal_ones_for_ever() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let unique = "insert into metadata.river_job (kind, args, max_attempts, unique_key, unique_states) values ('nightly', '{}', 1, 'k', b'11010101')";
    door.run_as(&Who::Owner, unique).await;
    assert_eq!(door.refused(&Who::Owner, unique).await, "23505");
    door.run_as(&Who::Owner, "update metadata.river_job set state = 'discarded', finalized_at = now()").await;
    door.run_as(&Who::Owner, unique).await;
}

/// D-32: additions for people who sign in.
#[tokio::test]
async fn additions_are_personal() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    door.run_as(&anna(), "insert into metadata.user_settings (key, value) values ('theme', '\"dark\"')").await;
    assert_eq!(door.value(&bert(), "select count(*) from metadata.user_settings").await, "0");
    assert_eq!(door.refused(&Who::Anonymous, "select * from metadata.user_settings").await, "42501");
}

/// D-31: the monitoring queries of release 0.15's manual, word for word.
#[tokio::test]
async fn operators_queries_run_as_written() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    door.run_as(
        &Who::Owner,
        &format!(
            "insert into metadata.webhooks (provider, provider_event_id, event_type, payload, error_message) values ('stripe', 'evt_1', 'charge.refunded', '{}', 'no such payment');
             insert into payments.transactions (user_id, amount, provider_payment_id) values ('{ANNA}', 5, 'pi_1')",
            json!({})
        ),
    )
    .await;
    let queries: Vec<&str> = MONITORING.split(';').map(str::trim).filter(|query| !query.is_empty()).collect();
    assert_eq!(queries.len(), 5);
    let mut answers = Vec::new();
    for query in queries {
        let rows = door.rows(&Who::Owner, query).await.unwrap_or_else(|refusal| panic!("{query}\n{refusal:?}"));
        assert_eq!(rows.len(), 1, "{query}");
        answers.push(rows[0].iter().flatten().cloned().collect::<Vec<_>>().join("|"));
    }
    assert!(answers[0].contains("|5.00|USD|pending_intent|pi_1|"), "{answers:?}");
    assert!(answers[1].contains("|stripe|charge.refunded|") && answers[1].ends_with("|no such payment"), "{answers:?}");
    assert!(answers[2].starts_with("charge.refunded|1|"), "{answers:?}");
    assert!(answers[3].ends_with("|pi_1|pending_intent"), "{answers:?}");
    assert!(answers[4].contains("|create_payment_intent|available"), "{answers:?}");
    let twice = "insert into metadata.webhooks (provider, provider_event_id, event_type, payload) values ('stripe', 'evt_1', 'x', '{}')";
    assert_eq!(door.refused(&Who::Owner, twice).await, "23505");
}
