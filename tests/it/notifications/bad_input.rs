//! What can be wrong with a template, its data, its person or the provider: each has its final status and a reason that people can read, and nothing
//! is sent twice. Beside `delivery` (refusals, addresses, preferences) and `templates` (bounds of one rendering).

use super::sink::Sink;
use super::{ANNA, Office};
use crate::support::{TestApp, TestDatabase};

const JOB: &str = "select concat_ws('|', state, attempt, coalesce(cardinality(errors), 0)) from metadata.river_job where kind = 'send_notification' order by id desc limit 1";

#[tokio::test]
async fn templates_that_cannot_be_rendered_fail_once_and_say_where() {
    let sink = Sink::start().await;
    let office = Office::new(Some(&sink)).await;
    let _worker = office.worker();
    let doubling = format!("{{{{$x := \"aaaaaaaaaaaaaaaa\"}}}}{}", "{{$x = print $x $x}}".repeat(40));
    let long_source = "x".repeat(300_000);
    let parts: [(&str, &str, &str); 9] = [
        (
            "subject",
            "{{define \"a\"}}{{template \"a\" .}}{{end}}{{template \"a\" .}}",
            "Rendering error: subject rendering failed: template limit reached: template: text:1:",
        ),
        ("text", &doubling, "Rendering error: text rendering failed: template limit reached: template: text:1:"),
        (
            "text",
            "{{range 2000000000}}{{end}}",
            "Rendering error: text rendering failed: template limit reached: template: text:1:",
        ),
        (
            "html",
            &long_source,
            "Rendering error: HTML rendering failed: template limit reached: the template has 300000 bytes, at most 262144 are allowed",
        ),
        (
            "subject",
            "{{nope .Entity.title}}",
            "Rendering error: subject rendering failed: template parse error: template: text:1: function \"nope\" not defined",
        ),
        (
            "text",
            "a\n{{if .Entity.title}}",
            "Rendering error: text rendering failed: template parse error: template: text:2: unexpected EOF",
        ),
        (
            "html",
            "<a href=\"{{if .Entity.title}}\">{{end}}x",
            "Rendering error: HTML rendering failed: template execution error: html/template:",
        ),
        (
            "sms",
            "{{.User.name}}",
            "Rendering error: SMS rendering failed: template execution error: template: text:1:2: executing \"text\" at <.User.name>: nil pointer evaluating interface {}.name",
        ),
        (
            "sms",
            "{{formatDate .Entity.number}}",
            "Rendering error: SMS rendering failed: template execution error: template: text:1:2:",
        ),
    ];
    for (part, source, reason) in parts {
        let change = format!("update metadata.notification_templates set {part}_template = $1 where name = 'news'");
        let kept = format!("select {part}_template from metadata.notification_templates where name = 'news'");
        let before = office.text(&kept).await;
        office.admin.execute(&change, &[&source]).await.expect("another template");
        let id = office.notify("x").await;
        let error = office.until(id, "failed").await;
        assert!(error.starts_with(reason), "{part}: {error}");
        office.until_text(JOB, "completed|1|0").await;
        office.admin.execute(&change, &[&before]).await.expect("as before");
    }
    let id = office.notify("alive").await;
    office.until(id, "sent").await;
    assert_eq!(sink.messages().len(), 1, "nothing of the broken ones was sent");
}

#[tokio::test]
async fn letters_cut_in_half_become_text_that_every_mail_can_carry() {
    let sink = Sink::start().await;
    let office = Office::new(Some(&sink)).await;
    let _worker = office.worker();
    // "é" has two bytes: Go would hand out half of it.
    let cut = "update metadata.notification_templates set subject_template = 'S {{slice .Entity.title 0 1}}', text_template = '{{printf \"%.1s|%c\" .Entity.title 55296}}'";
    office.admin.batch_execute(cut).await.expect("another template");
    let id = office.notify("é").await;
    let error = office.until(id, "failed").await;
    assert!(error.starts_with("Rendering error: subject rendering failed: template execution error: "), "{error}");
    office.until_text(JOB, "completed|1|0").await;
    office
        .admin
        .batch_execute("update metadata.notification_templates set subject_template = 'S'")
        .await
        .expect("whole");
    let id = office.notify("é").await;
    office.until(id, "sent").await;
    assert_eq!(sink.messages().len(), 1);
    // Bytes that are no text do not even come in.
    let app = TestApp::spawn(TestDatabase::create().await, |_| {}).await;
    let body = b"{\"p_user_id\": \"\xff\xfe\", \"p_template_name\": \"news\"}".to_vec();
    let request = app.request(reqwest::Method::POST, "/api/rpc/create_notification");
    let request = request.bearer_auth(app.token_for("anna", &["user"])).header("Content-Type", "application/json");
    let answer = request.body(body).send().await.expect("an answer");
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn jobs_that_name_nothing_are_over_at_once() {
    let sink = Sink::start().await;
    let office = Office::new(Some(&sink)).await;
    let _worker = office.worker();
    let job = async |args: serde_json::Value| {
        let sql = "insert into metadata.river_job (kind, args, queue, max_attempts) values ('send_notification', $1, 'notifications', 5)";
        office.admin.execute(sql, &[&args]).await.expect("a job");
    };
    let insert = format!(
        "select set_config('civic_os.enqueues_notifications', 'batch', false); insert into metadata.notifications (user_id, template_name) values ('{ANNA}', 'news')"
    );
    office.admin.batch_execute(&insert).await.expect("a notification without a job");
    let id: i64 = office.text("select max(id)::text from metadata.notifications").await.parse().expect("an id");
    let args = |user: &str, template: &str| serde_json::json!({"notification_id": id.to_string(), "user_id": user, "template_name": template, "channels": ["email"]});
    // A template that was deleted after the job was made, and a person who was.
    job(args(ANNA, "gone")).await;
    assert_eq!(
        office.until(id, "failed").await,
        "Template error: template 'gone' not found: no template has this name"
    );
    office.until_text(JOB, "completed|1|0").await;
    let nobody = "00000000-0000-4000-8000-0000000000ff";
    job(args(nobody, "news")).await;
    office
        .until_text(
            "select error_message from metadata.notifications",
            &format!("All channels failed: user not found: {nobody}"),
        )
        .await;
    office.until_text(JOB, "completed|1|0").await;
    // Arguments that say nothing.
    job(serde_json::json!({"notification_id": "seven", "user_id": ANNA, "template_name": "news"})).await;
    office.until_text(JOB, "discarded|1|1").await;
    job(serde_json::json!({"nothing": true})).await;
    let reason = "select coalesce(errors[1]->>'error', '') like '%missing field `notification_id`%' from metadata.river_job where args ? 'nothing'";
    office.until_text(&format!("select ({reason})::text"), "true").await;
    assert!(sink.messages().is_empty());
}

#[tokio::test]
async fn a_provider_that_is_down_for_an_hour_gets_everything_once_and_after_a_day_nothing() {
    let sink = Sink::start().await;
    let port = sink.port;
    let office = Office::new(Some(&sink)).await;
    drop(sink);
    let _worker = office.worker();
    let (patient, late) = (office.notify("patient").await, office.notify("late").await);
    office.until(late, "failed").await;
    office.until(patient, "failed").await;
    // An hour: five attempts and then every quarter of an hour. The clock is the age of notification and job.
    let waits = "select (bool_and(state in ('retryable', 'scheduled', 'available') and scheduled_at > now()) and sum(attempt) >= 2)::text from metadata.river_job where kind = 'send_notification'";
    for quarter in 0..9 {
        office.until_text(waits, "true").await;
        let older = "update metadata.notifications set created_at = created_at - interval '8 minutes'; update metadata.river_job set created_at = created_at - interval '8 minutes' where kind = 'send_notification'";
        office.admin.batch_execute(older).await.expect("later");
        office.hurry().await;
        let (status, error) = office.status(patient).await;
        assert!(
            status == "failed" && error.starts_with("All channels failed: failed to connect to SMTP server"),
            "{quarter}: {status}: {error}"
        );
    }
    office.until_text(waits, "true").await;
    office
        .until_text(
            "select string_agg(distinct state::text, ',') from metadata.river_job where kind = 'send_notification'",
            "scheduled",
        )
        .await;
    // The one that is a day old is given up with its reason; the other arrives as soon as the provider is back.
    let day = "update metadata.notifications set created_at = created_at - interval '1 day' where id = $1";
    office.admin.execute(day, &[&late]).await.expect("a day");
    office.hurry().await;
    let job_of_late = format!("select state::text from metadata.river_job where args->>'notification_id' = '{late}'");
    office.until_text(&job_of_late, "discarded").await;
    let (status, error) = office.status(late).await;
    assert!(status == "failed" && error.contains("failed to connect to SMTP server"), "{status}: {error}");
    office
        .until_text(
            "select state::text from metadata.river_job where kind = 'send_notification' order by id limit 1",
            "scheduled",
        )
        .await;
    let sink = Sink::start_on(port).await;
    office.hurry().await;
    office.until(patient, "sent").await;
    assert_eq!(sink.messages().len(), 1);
    assert_eq!(office.status(late).await.0, "failed");
}
