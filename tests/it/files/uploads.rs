//! Addresses, rules and the check of what arrived.

use super::samples::jpeg;
use super::{Desk, LIMIT};
use crate::store::{BUCKET, TestStore, http};

const FILE_RULES: &str = "insert into metadata.validations (table_name, column_name, validation_type, validation_value, error_message) values
    ('reports', 'photo', 'fileType', 'image/*', 'x'), ('reports', 'photo', 'maxFileSize', '100000', 'x'),
    ('reports', 'plan', 'fileType', 'application/pdf', 'x')";

#[tokio::test]
async fn check_9_the_request_gets_an_address_of_the_contract_s_layout() {
    let desk = Desk::open().await;
    let [status, url, file, error] = desk.request("photo.PNG", "image/png").await;
    assert_eq!((status.as_str(), error.as_str()), ("completed", ""));
    let start =
        format!("{}/{BUCKET}/reports/7/{file}/original.PNG?X-Amz-Algorithm=AWS4-HMAC-SHA256&", desk.store.endpoint);
    assert!(url.starts_with(&start), "{url}");
    assert!(url.contains("X-Amz-Expires=900") && url.contains("SignedHeaders=host&"), "{url}");
    assert_eq!(file.as_bytes()[14], b'7', "a version-7 id");
    // A job that runs twice changes nothing.
    let again = "update metadata.river_job set state = 'available', finalized_at = null, scheduled_at = now() where kind = 's3_presign' returning id::text";
    let job = desk
        .wait("select state::text from metadata.river_job where kind = 's3_presign'", |state| state == "completed")
        .await;
    assert_eq!(job, "completed");
    desk.owner(again).await;
    desk.wait("select state::text || attempt from metadata.river_job where kind = 's3_presign'", |state| {
        state == "completed2"
    })
    .await;
    let now = desk.owner("select presigned_url from metadata.file_upload_requests").await;
    assert_eq!(now, url);
}

#[tokio::test]
async fn rules_are_enforced_when_an_address_is_asked_for() {
    let desk = Desk::open().await;
    desk.client.batch_execute(FILE_RULES).await.expect("rules");
    let ask = async |file_type: &str, size: u64, property: &str| {
        let sql =
            format!("select public.request_upload('reports', '7', 'a.x', '{file_type}', {size}, {property})::text");
        let request = desk.anna(&sql).await.expect("requested");
        desk.address(&request).await
    };
    let [status, url, ..] = ask("image/png", 100_000, "'photo'").await;
    assert_eq!(status, "completed");
    assert!(url.contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost"), "{url}");
    let put = async |body: Vec<u8>| {
        http().put(&url).header("content-type", "image/png").body(body).send().await.expect("an answer").status()
    };
    assert_eq!(put(vec![0; 99_999]).await, 403, "another size than announced");
    assert_eq!(put(vec![0; 100_000]).await, 200);
    for (file_type, size, property, message) in [
        ("image/png", 100_001, "'photo'", "The file has 98 KB; at most 98 KB are allowed here."),
        ("image/png", 5, "'plan'", "Files of type image/png are not allowed here; allowed: application/pdf."),
        ("text/html", 5, "null", "Files of type text/html are not allowed here; allowed: image/*."),
        ("application/pdf", 7_000_000, "'plan'", "The file has 6.7 MB; at most 6.0 MB can be uploaded."),
    ] {
        let [status, url, _, error] = ask(file_type, size, property).await;
        assert_eq!((status.as_str(), url.as_str(), error.as_str()), ("failed", "", message));
    }
    let [status, ..] = ask("application/pdf", 200_000, "null").await;
    assert_eq!(status, "completed", "as a plan");
    // metadata.file_rules is the worker's.
    assert!(desk.anna("select metadata.file_rules('reports', null)::text").await.is_err());
    let state = desk
        .owner("select string_agg(distinct state::text, ',') from metadata.river_job where array_length(errors, 1) > 0")
        .await;
    assert_eq!(state, "discarded", "no retry mends these");
}

#[tokio::test]
async fn rules_are_enforced_on_what_arrived() {
    let desk = Desk::open().await;
    desk.client.batch_execute(FILE_RULES).await.expect("rules");
    // The old call announces no size: what is too large is found in the store, refused and deleted.
    let mut large = jpeg(300, 300, None);
    large.resize(100_001, 0);
    let file = desk.upload("large.jpg", "image/jpeg", large).await;
    let state = desk.end(&file).await;
    assert_eq!((state.status.as_str(), state.job.as_str()), ("failed", "discarded"));
    assert_eq!(state.error, "The file has 98 KB; at most 98 KB are allowed here.");
    let request = desk
        .owner(&format!(
            "select status || '|' || error_message from metadata.file_upload_requests where file_id = '{file}'"
        ))
        .await;
    assert_eq!(request, format!("failed|{}", state.error));
    let gone = http().get(format!("{}/{BUCKET}/reports/7/{file}/original.jpg", desk.store.endpoint)).send().await;
    assert_eq!(gone.expect("an answer").status(), 404);
}

#[tokio::test]
async fn keys_survive_browsers_and_what_would_not_is_refused() {
    let desk = Desk::open().await;
    let request = async |entity: &str, id: &str, name: &str| {
        let sql = format!("select public.request_upload_url('{entity}', '{id}', '{name}', 'image/jpeg')::text");
        desk.address(&desk.anna(&sql).await.expect("requested")).await
    };
    for (entity, id, wanted) in [
        ("..", "7", "The entity type \"..\" cannot be part"),
        ("reports", "../../x", "The entity id \"../../x\" cannot be part"),
        ("reports", "", "The entity id of the upload is empty."),
        ("reports", "i".repeat(1000).as_str(), "bytes; a store takes 1024."),
    ] {
        let [status, _, _, error] = request(entity, id, "a.jpg").await;
        assert!(status == "failed" && error.contains(wanted), "{entity} {id}: {status} {error}");
    }
    // decode_file_key_trigger: the client sends the key as it stands in the address, still encoded.
    let [status, url, file, _] = request("Schäden", "näh 7", "mein bild.JPG").await;
    assert_eq!(status, "completed");
    assert!(url.contains("/Sch%C3%A4den/n%C3%A4h%207/"), "{url}");
    let bytes = jpeg(200, 100, None);
    let size = bytes.len();
    assert_eq!(http().put(&url).body(bytes).send().await.expect("an answer").status(), 200);
    desk.register(&url, &file, "mein bild.JPG", "image/jpeg", size).await.expect("registered");
    let state = desk.end(&file).await;
    assert_eq!((state.status.as_str(), state.error.as_str()), ("completed", ""));
    assert_eq!(state.keys[0], format!("Schäden/näh 7/{file}/thumb-small.jpg"));
    let key = desk.owner(&format!("select s3_original_key from metadata.files where id = '{file}'")).await;
    assert_eq!(key, format!("Schäden/näh 7/{file}/original.JPG"));
    let twice = desk.register(&url, &file, "again.jpg", "image/jpeg", 3).await.expect_err("a duplicate");
    assert!(twice.contains("files_pkey"), "{twice}");
}

#[tokio::test]
async fn other_files_are_checked_without_a_thumbnail() {
    let desk = Desk::open().await;
    // insert_verify_job_trigger: "Workers draw thumbnails" and "Workers sign and clean up" let the worker write.
    let file = desk.upload("list.csv", "text/csv", b"a;b;c\n1;2;3\n".to_vec()).await;
    let state = desk.end(&file).await;
    assert_eq!((state.status.as_str(), state.error.as_str(), state.job.as_str()), ("not_applicable", "", "completed"));
    let renamed = desk.upload("list.csv", "text/csv", b"<!DOCTYPE html><html><script>alert(1)</script>".to_vec()).await;
    let state = desk.end(&renamed).await;
    assert_eq!((state.status.as_str(), state.job.as_str()), ("failed", "discarded"));
    assert_eq!(state.error, "The file was announced as text/csv, but it is text/html.");
    // The row's size is the store's, not the client's.
    let [_, url, file, _] = desk.request("b.txt", "text/plain").await;
    http().put(&url).body("12345").send().await.expect("an answer");
    desk.register(&url, &file, "b.txt", "text/plain", 1).await.expect("registered");
    assert_eq!(desk.end(&file).await.size, 5);
}

#[tokio::test]
async fn without_a_store_every_request_says_so() {
    let desk = Desk::with(TestStore::start(true), None).await;
    let started = std::time::Instant::now();
    let [status, _, _, error] = desk.request("a.png", "image/png").await;
    assert_eq!((status.as_str(), error.as_str()), ("failed", "The store of files is not set up."));
    assert!(started.elapsed() < LIMIT);
}
