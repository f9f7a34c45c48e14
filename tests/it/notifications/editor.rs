//! What the template editor asks and gets (WORKERS.md §5.5).

use super::Office;

const RESULTS: &str = "select coalesce(string_agg(concat_ws('|', part_name, valid, error_message), E'\\n' order by array_position(array['subject','html','text','sms'], part_name::text)), '') from metadata.template_part_validation_results";
const DONE: &str = "select status from metadata.template_validation_results";

#[tokio::test]
async fn checks_name_part_and_line() {
    let office = Office::new(None).await;
    let _worker = office.worker();
    office.admin.batch_execute("select validate_template_parts(p_subject_template := '{{.Entity.a}}', p_html_template := E'<p>\\n<a href=\"{{if .Entity.a}}\">{{end}}', p_text_template := E'x\\n{{nope}}', p_sms_template := '')").await.expect("a request");
    office.until_text(DONE, "completed").await;
    let results = office.text(RESULTS).await;
    let lines: Vec<&str> = results.lines().collect();
    assert_eq!(lines[0], "subject|t|");
    assert!(lines[1].starts_with("html|f|invalid template syntax: html/template:"), "{results}");
    assert_eq!(lines[2], "text|f|invalid template syntax: template: validation:2: function \"nope\" not defined");
    assert_eq!(lines.len(), 3, "an empty part is not checked");
    // A second run, as after a crash, replaces the results.
    office.admin.batch_execute("update metadata.river_job set state = 'available', finalized_at = null; notify \"metadata.river_insert\", '{\"queue\": \"notifications\"}'").await.expect("again");
    office.until_text("select (attempt = 2 and state = 'completed')::text from metadata.river_job where kind = 'validate_template_parts'", "true").await;
    assert_eq!(office.text(RESULTS).await, results, "not doubled");
}

#[tokio::test]
async fn previews_render_the_sample() {
    let office = Office::new(None).await;
    let _worker = office.worker();
    office.admin.batch_execute("select preview_template_parts(p_subject_template := '{{.Entity.display_name}} {{.Entity.id}}', p_html_template := '<b>{{.Entity.display_name}}</b>{{.Entity.x.y}}')").await.expect("a request");
    office.until_text(DONE, "completed").await;
    let results = office.text(RESULTS).await;
    assert!(
        results.starts_with(
            "subject|t|Example Entity 1\nhtml|f|Rendering error: template execution error: template: html:1:"
        ),
        "{results}"
    );
    // A sample that is no object is said instead of keeping the request waiting.
    office.admin.batch_execute("delete from metadata.template_validation_results; select preview_template_parts(p_text_template := 'x', p_sample_entity_data := '[1]')").await.expect("a request");
    office.until_text(DONE, "completed").await;
    assert!(
        office.text(RESULTS).await.contains("text|f|Rendering error: entity data error: json: cannot unmarshal array")
    );
}

#[tokio::test]
async fn what_nobody_waits_for_is_cleaned_up() {
    let office = Office::new(None).await;
    let _worker = office.worker();
    office.admin.batch_execute("insert into metadata.template_validation_results (created_at) values (now() - interval '2 hours'), (now()); insert into metadata.river_job (kind, args, queue, max_attempts) values ('clean_notifications', '{}', 'notifications', 3)").await.expect("old ones");
    office.until_text("select count(*)::text from metadata.template_validation_results", "1").await;
    office
        .until_text(
            "select concat_ws('|', cron, kind) from metadata.periodic_jobs where name = 'notifications: clean up'",
            "*/15 * * * *|clean_notifications",
        )
        .await;
}
