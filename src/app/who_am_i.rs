//! `GET /auth/whoami`: the server's view of whoever asks, for the page of that name and for support.

use crate::auth::{Authenticator, who_am_i};
use crate::db::Db;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

/// What the answer needs; cheap to clone.
#[derive(Clone)]
pub(super) struct WhoAmI {
    authenticator: Authenticator,
    db: Db,
    pre_request: Option<String>,
    core_settings: Vec<(&'static str, String)>,
}

impl WhoAmI {
    /// `pre_request` is the configured function, as it stands in `api.db_pre_request`.
    pub(super) fn new(
        authenticator: Authenticator,
        db: Db,
        pre_request: Option<&str>,
        core_settings: Vec<(&'static str, String)>,
    ) -> Self {
        let pre_request = pre_request.map(pre_request_statement);
        Self { authenticator, db, pre_request, core_settings }
    }

    pub(super) fn configure(&self, routes: &mut web::ServiceConfig) {
        routes
            .service(web::resource("/auth/whoami").app_data(web::Data::new(self.clone())).route(web::get().to(answer)));
    }
}

async fn answer(who: web::Data<WhoAmI>, request: HttpRequest) -> HttpResponse {
    let headers = request.headers().get_all("authorization").map(|value| value.as_bytes());
    let (status, document) =
        who_am_i(&who.authenticator, &who.db, who.pre_request.as_deref(), &who.core_settings, headers).await;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).insert_header(("Cache-Control", "no-store")).json(document)
}

/// The call of a function that is configured by its name.
pub(super) fn pre_request_statement(function: &str) -> String {
    let quoted: Vec<String> =
        function.split('.').map(|part| format!("\"{}\"", part.trim_matches('"').replace('"', "\"\""))).collect();
    format!("SELECT {}()", quoted.join("."))
}
