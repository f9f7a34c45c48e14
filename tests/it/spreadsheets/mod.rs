//! Files to rows and back.

use civic_os::spreadsheets::{SpreadsheetError, Spreadsheets, read_rows, write_workbook};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn sheet(name: &str, rows: Value) -> Value {
    json!({ "name": name, "headings": 1, "rows": rows })
}

fn written(sheets: &[Value]) -> Result<Vec<u8>, SpreadsheetError> {
    write_workbook(json!(sheets).to_string().as_bytes())
}

#[test]
fn a_written_workbook_reads_back_as_it_was() {
    let rows = json!([
        ["Title", "Count", "Cost", "Done", "Day", "At", "Empty"],
        ["Ärger, \"quoted\"\nsecond line", 7, 12.25, true, {"moment": "2025-11-23"}, {"moment": "2025-11-23T14:05:06"}, null]
    ]);
    let file = written(&[sheet("Requests", rows)]).unwrap();
    let read = read_rows(&file).unwrap();
    assert_eq!(
        json!(read),
        json!([
            ["Title", "Count", "Cost", "Done", "Day", "At", "Empty"],
            [
                "Ärger, \"quoted\"\nsecond line", 7, 12.25, true,
                {"moment": "2025-11-23T00:00:00"}, {"moment": "2025-11-23T14:05:06"}, null
            ]
        ])
    );
}

#[test]
fn names_of_sheets_are_made_possible() {
    let long = "a/b:c*d?e[f]g and much more than thirty-one letters";
    let file = written(&[sheet(long, json!([["x"]])), sheet(long, json!([["y"]])), sheet("", json!([["z"]]))]);
    assert_eq!(json!(read_rows(&file.unwrap()).unwrap()), json!([["x"]]));
}

#[test]
fn separated_values_of_three_kinds_are_read() {
    let expected = json!([["a", "b"], ["1,5", null], ["x \"y\"", "z"]]);
    for text in ["\u{feff}a;b\n1,5;\n\"x \"\"y\"\"\";z\n", "a\tb\r\n1,5\t\r\nx \"y\"\tz\r\n"] {
        assert_eq!(json!(read_rows(text.as_bytes()).unwrap()), expected, "{text}");
    }
    let comma = "a,b\n\"1,5\",\n\"x \"\"y\"\"\",z";
    assert_eq!(json!(read_rows(comma.as_bytes()).unwrap()), expected);
}

#[test]
fn what_is_no_table_or_too_large_is_refused() {
    assert!(matches!(read_rows(b"PK\x03\x04 but no workbook"), Err(SpreadsheetError::Workbook(_))));
    let wide = "x,".repeat(1_001);
    assert!(matches!(read_rows(wide.as_bytes()), Err(SpreadsheetError::TooLarge { .. })));
    let long = "x\n".repeat(100_003);
    assert!(matches!(read_rows(long.as_bytes()), Err(SpreadsheetError::TooLarge { .. })));
}

#[test]
fn what_cannot_be_written_is_refused() {
    for description in
        ["", "{}", "[{\"rows\": 3}]", "[{\"rows\": [3]}]", "[{\"name\": \"S\", \"rows\": [[1]]}", "[] []"]
    {
        let refused = write_workbook(description.as_bytes());
        assert!(matches!(refused, Err(SpreadsheetError::Description(_))), "{description}: {refused:?}");
    }
    let long = format!("[{{\"rows\": [{}[1]]}}]", "[1],".repeat(100_002));
    assert!(matches!(write_workbook(long.as_bytes()), Err(SpreadsheetError::TooLarge { .. })));
    let wide = sheet("S", json!([vec![1; 1_001]]));
    assert!(matches!(written(&[wide]), Err(SpreadsheetError::TooLarge { .. })));
    let many: Vec<Value> = (0..51).map(|number| sheet(&number.to_string(), json!([[number]]))).collect();
    assert!(written(&many[..50]).is_ok());
    assert!(matches!(written(&many), Err(SpreadsheetError::TooManySheets { sheets: 50 })));
}

#[actix_web::test]
async fn only_people_who_are_signed_in_are_let_in() {
    let spreadsheets = Spreadsheets::new(Arc::new(|header: Option<String>| {
        Box::pin(async move { header.as_deref() == Some("Bearer good") })
    }));
    let app =
        actix_web::test::init_service(actix_web::App::new().configure(move |routes| spreadsheets.configure(routes)))
            .await;
    let ask = |path: &str, token: &str, body: String| {
        actix_web::test::TestRequest::post()
            .uri(path)
            .insert_header(("Authorization", format!("Bearer {token}")))
            .insert_header(("Content-Type", "application/json"))
            .set_payload(body)
            .to_request()
    };
    let refused = actix_web::test::call_service(&app, ask("/spreadsheets/read", "bad", "a,b".into())).await;
    assert_eq!(refused.status(), 401);
    let read = actix_web::test::call_service(&app, ask("/spreadsheets/read", "good", "a,b".into())).await;
    assert_eq!(read.status(), 200);
    let body: Value = actix_web::test::read_body_json(read).await;
    assert_eq!(body, json!({ "rows": [["a", "b"]] }));
    let bad = actix_web::test::call_service(&app, ask("/spreadsheets/read", "good", "PK nothing".into())).await;
    assert_eq!(bad.status(), 400);
    let large = "x".repeat(21 * 1024 * 1024);
    let refused = actix_web::test::call_service(&app, ask("/spreadsheets/read", "good", large)).await;
    assert_eq!(refused.status(), 413);
    for path in ["/spreadsheets/read", "/spreadsheets/write"] {
        // A stranger is answered although the body never comes: nothing of it is waited for.
        let mut request = ask(path, "bad", String::new());
        let never: actix_http::BoxedPayloadStream = Box::pin(futures_util::stream::pending());
        *request.payload() = actix_web::dev::Payload::Stream { payload: never };
        let refused = tokio::time::timeout(Duration::from_secs(60), actix_web::test::call_service(&app, request));
        assert_eq!(refused.await.expect("an answer before the body").status(), 401, "{path}");
    }
    let sheets = json!([{ "name": "S", "rows": [["a"]] }]).to_string();
    let refused = actix_web::test::call_service(&app, ask("/spreadsheets/write", "bad", sheets.clone())).await;
    assert_eq!(refused.status(), 401);
    let written = actix_web::test::call_service(&app, ask("/spreadsheets/write", "good", sheets)).await;
    assert_eq!(written.status(), 200);
    let file = actix_web::test::read_body(written).await;
    assert_eq!(json!(read_rows(&file).unwrap()), json!([["a"]]));
}
