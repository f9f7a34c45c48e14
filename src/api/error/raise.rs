//! `RAISE sqlstate 'PGRST'`: a function decides about status, headers and body (POSTGREST.md §13.3).

use super::ErrorAnswer;
use crate::db::ServerError;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Message {
    code: String,
    message: String,
    details: Option<String>,
    hint: Option<String>,
}

#[derive(Deserialize)]
struct Detail {
    status: u16,
    status_text: Option<String>,
    headers: IndexMap<String, String>,
}

pub(super) fn answer(error: &ServerError) -> ErrorAnswer {
    const MESSAGE_HINT: &str =
        "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.";
    const DETAIL_HINT: &str =
        "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.";
    let Ok(message) = serde_json::from_str::<Message>(&error.message) else {
        return refused(format!("Invalid JSON value for MESSAGE: '{}'", error.message), MESSAGE_HINT);
    };
    let Some(detail_text) = &error.detail else {
        return refused("DETAIL is missing in the RAISE statement".to_owned(), DETAIL_HINT);
    };
    let detail = match serde_json::from_str::<Detail>(detail_text) {
        Ok(detail) if (100..=999).contains(&detail.status) => detail,
        _ => return refused(format!("Invalid JSON value for DETAIL: '{detail_text}'"), DETAIL_HINT),
    };
    let mut answer = ErrorAnswer::new(
        detail.status,
        &message.code,
        &message.message,
        message.details.map(Value::String),
        message.hint.as_deref(),
    );
    answer.reason = detail.status_text;
    answer.headers = detail.headers.into_iter().collect();
    answer
}

fn refused(details: String, hint: &str) -> ErrorAnswer {
    ErrorAnswer::new(
        500,
        "PGRST121",
        "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error",
        Some(Value::String(details)),
        Some(hint),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(message: &str, detail: Option<&str>) -> ErrorAnswer {
        answer(&ServerError {
            code: "PGRST".into(),
            message: message.into(),
            detail: detail.map(Into::into),
            ..Default::default()
        })
    }

    #[test]
    fn takes_status_headers_and_body_from_the_statement() {
        let found = raised(
            r#"{"code":"123","message":"ABC"}"#,
            Some(r#"{"status":332,"status_text":"Odd","headers":{"X-A":"b"}}"#),
        );
        assert_eq!((found.status, found.reason.as_deref(), found.code.as_str()), (332, Some("Odd"), "123"));
        assert_eq!(found.headers, [("X-A".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn says_what_is_malformed() {
        for (message, detail, details) in [
            ("x", Some("{}"), "Invalid JSON value for MESSAGE: 'x'"),
            (r#"{"code":"1","message":"m"}"#, None, "DETAIL is missing in the RAISE statement"),
            (r#"{"code":"1","message":"m"}"#, Some("y"), "Invalid JSON value for DETAIL: 'y'"),
        ] {
            let found = raised(message, detail);
            assert_eq!((found.status, found.code.as_str()), (500, "PGRST121"));
            assert!(String::from_utf8_lossy(&found.body).contains(details), "{details}");
        }
    }
}
