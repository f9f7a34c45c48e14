//! `GET /events`: server-sent events (D-32). A signed-in person hears of own notifications; whoever may read a table hears that it changed, if the table
//! is watched (`metadata.watch_table`). Events carry no data: who hears one asks the API again, which decides anew.
//!
//! `journal` numbers what LISTEN hears and keeps the last of it for those who reconnect; `stream` is one listener's answer. The caller is decided by the
//! same bearer token as for the API, in the `Authorization` header. Tests: `tests/it/events`.

mod journal;
mod stream;

use crate::auth::{Authenticator, Identity};
use crate::db::{
    AccessMode, Db, DbError, Hub, IsolationLevel, Lane, Param, ParamType, RequestTransaction, Statement, TransactionEnd,
};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use journal::Journal;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use stream::{Filter, listen};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Listeners of one process.
const MOST_LISTENERS: usize = 4_096;
/// Tables that one listener may name.
const MOST_TABLES: usize = 50;

/// Everything the route needs; cheap to clone.
#[derive(Clone)]
pub struct Events {
    inner: Arc<Inner>,
}

struct Inner {
    authenticator: Authenticator,
    db: Db,
    pre_request: Option<String>,
    schema: String,
    journal: Journal,
    listeners: Arc<Semaphore>,
    stop: CancellationToken,
}

#[derive(Deserialize)]
struct Query {
    /// Names, separated by commas.
    #[serde(default)]
    tables: String,
    /// For clients that cannot send `Last-Event-ID`.
    last_event_id: Option<String>,
}

impl Events {
    /// Starts hearing. `pre_request` is the statement that calls the configured function; `schema` the one that the API exposes; `stop` ends all streams.
    pub fn new(
        authenticator: Authenticator,
        db: Db,
        hub: &Hub,
        pre_request: Option<String>,
        schema: &str,
        stop: CancellationToken,
    ) -> Self {
        let journal = Journal::start(hub, stop.clone());
        let listeners = Arc::new(Semaphore::new(MOST_LISTENERS));
        let schema = schema.to_owned();
        Self { inner: Arc::new(Inner { authenticator, db, pre_request, schema, journal, listeners, stop }) }
    }

    /// Adds the route.
    pub fn configure(&self, routes: &mut web::ServiceConfig) {
        routes.service(
            web::resource("/events").app_data(web::Data::from(Arc::clone(&self.inner))).route(web::get().to(answer)),
        );
    }

    /// Streams that are open.
    pub fn listeners(&self) -> usize {
        MOST_LISTENERS - self.inner.listeners.available_permits()
    }
}

async fn answer(events: web::Data<Inner>, request: HttpRequest, query: web::Query<Query>) -> HttpResponse {
    let headers = request.headers().get_all("authorization").map(|value| value.as_bytes());
    let identity = match events.authenticator.authenticate_headers(headers).await {
        Ok(identity) => identity,
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNAUTHORIZED);
            let body = serde_json::json!({"code": error.code(), "message": error.message(), "details": error.details(), "hint": null});
            return HttpResponse::build(status).json(body);
        }
    };
    let tables: Vec<&str> = query.tables.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if tables.len() > MOST_TABLES {
        return HttpResponse::BadRequest()
            .json(serde_json::json!({"message": format!("at most {MOST_TABLES} tables can be listened to at once")}));
    }
    let Ok(permit) = Arc::clone(&events.listeners).try_acquire_owned() else {
        return HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "30")).finish();
    };
    let (user, allowed) = match events.ask(&identity, &tables).await {
        Ok(found) => found,
        Err(error) => {
            let status = if error.server().is_some() { StatusCode::FORBIDDEN } else { StatusCode::SERVICE_UNAVAILABLE };
            tracing::debug!(%error, "A listener of /events was refused");
            return HttpResponse::build(status)
                .json(serde_json::json!({"message": "the database does not let you listen"}));
        }
    };
    let expires =
        serde_json::from_str::<serde_json::Value>(&identity.claims_json).ok().and_then(|claims| claims["exp"].as_f64());
    let resume = request.headers().get("last-event-id").and_then(|value| value.to_str().ok());
    let resume = resume.or(query.last_event_id.as_deref()).map(str::to_owned);
    let filter = Filter { user, schema: events.schema.clone(), tables: allowed };
    HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(listen(&events.journal, filter, resume, expires, events.stop.clone(), permit))
}

impl Inner {
    /// The person's id and the tables that may be listened to, as the database decides for this caller.
    async fn ask(&self, identity: &Identity, tables: &[&str]) -> Result<(Option<String>, BTreeSet<String>), DbError> {
        let settings = [
            ("search_path", "public"),
            ("role", identity.role.as_str()),
            ("request.jwt.claims", &identity.claims_json),
        ];
        let quoted: Vec<String> =
            tables.iter().map(|name| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))).collect();
        let params =
            [Param::typed(ParamType::Text, self.schema.as_str()), Param::unknown(format!("{{{}}}", quoted.join(",")))];
        let transaction = RequestTransaction {
            role: &identity.role,
            settings: &settings,
            access: AccessMode::ReadOnly,
            isolation: IsolationLevel::ReadCommitted,
            pre_request: self.pre_request.as_deref(),
            statement: Statement { sql: include_str!("../sql/events/allowed.sql"), params: &params, reusable: true },
            end: TransactionEnd::Commit,
        };
        let result = self.db.request(Lane::Api, &transaction).await?;
        let row = result.rows.first();
        let user = row.and_then(|row| row.text(0)).map(str::to_owned);
        let allowed = row.and_then(|row| row.text(1)).and_then(|text| serde_json::from_str(text).ok());
        Ok((user, allowed.unwrap_or_default()))
    }
}
