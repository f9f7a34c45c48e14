//! One line per answered request, as far as `api.log_level` asks for it (POSTGREST.md §20).
//!
//! Apache's combined form with the database role as the user; the same facts are fields for JSON logs. With
//! `api.log_query` the statement of a logged request follows. Neither tokens nor bodies nor parameters are ever written.
//! Called by `handler`. Tests: `tests/it/api/logging.rs`.

use super::settings::ApiSettings;
use crate::config::{LogQuery, RequestLogLevel};
use crate::telemetry::request::{self, RequestId};
use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, REFERER, USER_AGENT};
use std::cell::RefCell;
use std::time::Instant;

/// The statements of one request, kept only where they will be logged.
pub(crate) struct StatementLog(Option<RefCell<Vec<String>>>);

impl StatementLog {
    pub(super) fn new(settings: &ApiSettings) -> Self {
        Self((settings.log_query == LogQuery::MainQuery).then(RefCell::default))
    }

    /// Keeps a statement.
    pub(super) fn note(&self, sql: &str) {
        if let Some(kept) = &self.0 {
            kept.borrow_mut().push(sql.to_owned());
        }
    }
}

/// What is known about an answer.
pub(super) struct Logged<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) role: Option<&'a str>,
    pub(super) status: u16,
    /// Bytes of the body.
    pub(super) size: Option<u64>,
    pub(super) started: Instant,
    pub(super) statements: &'a StatementLog,
}

/// Writes the line, or not.
pub(super) fn write(settings: &ApiSettings, answer: &Logged<'_>) {
    let status = answer.status;
    let least = match settings.log_level {
        RequestLogLevel::Crit => return,
        RequestLogLevel::Error => 500,
        RequestLogLevel::Warn => 400,
        RequestLogLevel::Info | RequestLogLevel::Debug => 0,
    };
    if status < least {
        return;
    }
    macro_rules! line {
        ($($argument:tt)*) => {
            match status {
                ..400 => tracing::info!(target: "civic_os::access", $($argument)*),
                400..500 => tracing::warn!(target: "civic_os::access", $($argument)*),
                500.. => tracing::error!(target: "civic_os::access", $($argument)*),
            }
        };
    }
    let request = answer.request;
    let remote = request.peer_addr().map_or_else(|| "-".to_owned(), |address| address.ip().to_string());
    let (method, path) = (request.method().as_str(), request.uri());
    // A token may name any role at all.
    let role = answer.role.unwrap_or("-").replace(char::is_control, "?");
    let size = answer.size.map_or_else(|| "-".to_owned(), |size| size.to_string());
    let duration_ms = (answer.started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    let id = request::current();
    let request_id = id.as_ref().map(RequestId::as_str);
    line!(
        status,
        role = role.as_str(),
        duration_ms,
        request_id,
        "{remote} - {role} \"{method} {path} {:?}\" {status} {size} \"{}\" \"{}\"",
        request.version(),
        text(request, &REFERER),
        text(request, &USER_AGENT),
    );
    for sql in answer.statements.0.iter().flat_map(|kept| kept.take()) {
        line!(sql, request_id, "{method} {path}");
    }
}

fn text(request: &HttpRequest, name: &HeaderName) -> String {
    let value = request.headers().get(name).and_then(|value| value.to_str().ok());
    value.map(|value| value.replace('"', "'")).filter(|value| !value.is_empty()).unwrap_or_else(|| "-".to_owned())
}
