//! From a result to an answer: status, headers, body. The body's bytes are moved, never parsed.
//!
//! Pure. Called by `handler`; OpenAPI is in `openapi`.

pub(super) mod openapi;
mod preference_applied;

use super::error::ApiError;
use super::execute::Outcome;
use super::plan::mutate::MutateKind;
use super::plan::{Body, DbPlan, DbPlanKind};
use super::request::media_type::MediaType;
use super::request::preferences::{Resolution, Return};
use super::request::query::encode_into;
use super::request::{Action, ApiRequest};
use super::sql::Columns;
use crate::db::{LargeValue, ResultRow};
use bytes::Bytes;
use preference_applied::preference_applied;

/// An answer before it becomes HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Status.
    pub(crate) status: u16,
    /// Reason phrase when it differs from the standard one.
    pub(crate) reason: Option<String>,
    /// Headers.
    pub(crate) headers: Vec<(String, String)>,
    /// Body; `None` also leaves `Content-Length` out.
    pub(crate) body: Option<Bytes>,
    /// Body that comes in parts, instead of `body`.
    pub(crate) large_body: Option<LargeValue>,
}

impl Answer {
    /// An answer without headers.
    pub(crate) fn new(status: u16, body: Option<Bytes>) -> Self {
        Self { status, reason: None, headers: Vec::new(), body, large_body: None }
    }

    /// Adds a header.
    pub(crate) fn header(&mut self, name: &str, value: impl Into<String>) {
        self.headers.push((name.to_owned(), value.into()));
    }
}

/// The answer to a statement.
///
/// # Errors
/// PGRST103 when the window begins behind the last row, PGRST111 and 112 when a function left malformed settings.
pub(crate) fn answer_to(
    mount: &str,
    request: &ApiRequest,
    plan: &DbPlan,
    outcome: Outcome,
) -> Result<Answer, ApiError> {
    if plan.explain.is_some() {
        return Ok(explained(request, plan, &outcome));
    }
    let Some(row) = outcome.result.rows.first() else {
        return Err(ApiError::Internal("the statement always gives one row"));
    };
    let columns = Columns::of(plan);
    let rows = row.int(columns.page).unwrap_or(0);
    let mut body = row.bytes(columns.body).unwrap_or_default();
    if matches!(plan.body, Body::Aggregate { .. } | Body::RawScalar) && row.text(columns.last) == Some("t") {
        body = bytes_of_text(&body);
    }
    let is_head = request.action.is_head();
    let mut answer = match (&plan.kind, request.action) {
        (DbPlanKind::Mutate(mutate), action) => {
            let inserted = columns.inserted.and_then(|at| row.int(at));
            let location = columns.location.and_then(|at| row.text(at));
            mutated(mount, request, plan, &mutate.kind, action, &Written { rows, inserted, location }, body)
        }
        _ if plan.returns_void => {
            let mut answer = Answer::new(204, None);
            range_header(&mut answer, plan, rows, outcome.total)?;
            answer.status = 204;
            answer
        }
        _ => {
            let mut answer = Answer::new(200, (!is_head).then_some(body));
            answer.large_body = outcome.large_body;
            range_header(&mut answer, plan, rows, outcome.total)?;
            if let Action::Read { .. } = request.action {
                answer.header("Content-Location", content_location(mount, plan, request));
            }
            content_headers(&mut answer, request, plan);
            if let Some(version) = row.text(columns.last).filter(|_| plan.with_version && rows == 1) {
                answer.header("ETag", format!("W/\"{version}\""));
            }
            answer
        }
    };
    if answer.status == 416 {
        return Ok(answer);
    }
    if let Some(applied) = preference_applied(request, plan) {
        answer.header("Preference-Applied", applied);
    }
    override_headers(&mut answer, row.text(columns.headers))?;
    override_status(&mut answer, row.text(columns.status))?;
    Ok(answer)
}

/// Bytes from their hexadecimal text form (`bytea_output = hex`, which every connection has).
fn bytes_of_text(text: &Bytes) -> Bytes {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let Some(digits) = text.strip_prefix(b"\\x") else { return text.clone() };
    let bytes: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect();
    bytes.map_or_else(|| text.clone(), Bytes::from)
}

struct Written<'a> {
    rows: i64,
    inserted: Option<i64>,
    location: Option<&'a str>,
}

fn mutated(
    mount: &str,
    request: &ApiRequest,
    plan: &DbPlan,
    kind: &MutateKind,
    action: Action,
    written: &Written<'_>,
    body: Bytes,
) -> Answer {
    let Written { rows, inserted, location } = *written;
    let representation = request.preferences.representation == Some(Return::Representation);
    let counted = |text: String| {
        let total = if request.preferences.count.is_some() { rows.to_string() } else { "*".to_owned() };
        format!("{text}/{total}")
    };
    let mut answer = match action {
        Action::Create => {
            let merged = request.preferences.resolution == Some(Resolution::MergeDuplicates);
            let nothing_new =
                merged && matches!(kind, MutateKind::Insert { counts_inserts: true, .. }) && inserted.unwrap_or(0) == 0;
            Answer::new(if nothing_new { 200 } else { 201 }, Some(Bytes::new()))
        }
        Action::SingleUpsert if inserted.unwrap_or(0) > 0 => Answer::new(201, Some(Bytes::new())),
        _ if representation => Answer::new(200, None),
        _ => Answer::new(204, None),
    };
    match action {
        Action::Create | Action::Delete => answer.header("Content-Range", counted("*".to_owned())),
        Action::Update => {
            let range = if rows > 0 { format!("0-{}", rows - 1) } else { "*".to_owned() };
            answer.header("Content-Range", counted(range));
        }
        _ => {}
    }
    if let Some(location) = location.and_then(|key| location_of(mount, plan, key)) {
        answer.header("Location", location);
    }
    if representation {
        answer.body = Some(body);
        content_headers(&mut answer, request, plan);
    }
    answer
}

/// `Location` from the primary key as a JSON object of texts.
fn location_of(mount: &str, plan: &DbPlan, key: &str) -> Option<String> {
    let key: serde_json::Map<String, serde_json::Value> = serde_json::from_str(key).ok()?;
    let mut location = format!("{mount}/");
    encode_into(&mut location, &plan.target.name);
    for (at, (name, value)) in key.iter().enumerate() {
        location.push(if at == 0 { '?' } else { '&' });
        encode_into(&mut location, name);
        match value.as_str() {
            Some(text) => {
                location.push_str("=eq.");
                encode_into(&mut location, text);
            }
            None => location.push_str("=is.null"),
        }
    }
    (!key.is_empty()).then_some(location)
}

fn content_location(mount: &str, plan: &DbPlan, request: &ApiRequest) -> String {
    let mut location = format!("{mount}/");
    encode_into(&mut location, &plan.target.name);
    if !request.query.canonical.is_empty() {
        location.push('?');
        location.push_str(&request.query.canonical);
    }
    location
}

fn content_headers(answer: &mut Answer, request: &ApiRequest, plan: &DbPlan) {
    answer.header("Content-Type", plan.media_type.content_type());
    profile_header(answer, request);
}

/// Says which schema the answer is from.
pub(super) fn profile_header(answer: &mut Answer, request: &ApiRequest) {
    if request.negotiated_schema {
        answer.header("Content-Profile", request.schema.clone());
    }
}

/// `Content-Range` and the status that follows from it.
fn range_header(answer: &mut Answer, plan: &DbPlan, rows: i64, total: Option<i64>) -> Result<(), ApiError> {
    let first = plan.read.range.offset;
    if let Some(total) = total {
        if first > total && first > 0 {
            return Err(ApiError::OffsetBeyondTotal { offset: first, total });
        }
        if rows < total {
            answer.status = 206;
        }
    }
    let total_text = total.map_or_else(|| "*".to_owned(), |total| total.to_string());
    let range = if rows > 0 && total != Some(0) {
        format!("{first}-{}/{total_text}", first + rows - 1)
    } else {
        format!("*/{total_text}")
    };
    answer.header("Content-Range", range);
    // Uncounted, nothing else tells a reader that there may be more.
    if rows > 0 && plan.read.lowered_to == Some(rows) {
        answer.header("X-Max-Rows", rows.to_string());
    }
    Ok(())
}

fn override_headers(answer: &mut Answer, setting: Option<&str>) -> Result<(), ApiError> {
    let Some(setting) = setting else { return Ok(()) };
    let list: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(setting).map_err(|_| ApiError::ResponseHeaders)?;
    let mut headers: Vec<(String, String)> = Vec::with_capacity(list.len());
    for object in list {
        if object.len() != 1 {
            return Err(ApiError::ResponseHeaders);
        }
        for (name, value) in object {
            let Some(value) = value.as_str() else { return Err(ApiError::ResponseHeaders) };
            headers.push((name, value.to_owned()));
        }
    }
    answer.headers.retain(|(known, _)| !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(known)));
    answer.headers.extend(headers);
    Ok(())
}

fn override_status(answer: &mut Answer, setting: Option<&str>) -> Result<(), ApiError> {
    let Some(setting) = setting else { return Ok(()) };
    match setting.parse::<u16>() {
        Ok(status) if (200..=999).contains(&status) => {
            answer.status = status;
            Ok(())
        }
        _ => Err(ApiError::ResponseStatus),
    }
}

fn explained(request: &ApiRequest, plan: &DbPlan, outcome: &Outcome) -> Answer {
    let lines: Vec<&str> = outcome.result.rows.iter().filter_map(|row| row.text(0)).collect();
    let body = Bytes::from(lines.join("\n"));
    let mut answer = Answer::new(200, (!request.action.is_head()).then_some(body));
    answer.header("Content-Type", plan.media_type.content_type());
    profile_header(&mut answer, request);
    answer
}

/// The answer to OPTIONS.
pub(crate) fn options(allow: String) -> Answer {
    let mut answer = Answer::new(200, Some(Bytes::new()));
    answer.header("Allow", allow);
    answer.header("Access-Control-Allow-Origin", "*");
    answer
}

/// The answer that carries an OpenAPI document.
///
/// # Errors
/// PGRST111 and 112 when the pre-request function left malformed settings.
pub(crate) fn inspected(
    request: &ApiRequest,
    media_type: &MediaType,
    head: bool,
    document: Bytes,
    row: &ResultRow,
) -> Result<Answer, ApiError> {
    let mut answer = Answer::new(200, (!head).then_some(document));
    answer.header("Content-Type", media_type.content_type());
    profile_header(&mut answer, request);
    override_headers(&mut answer, row.text(Columns::VALUE.headers))?;
    override_status(&mut answer, row.text(Columns::VALUE.status))?;
    Ok(answer)
}
