//! Stripe's interface on a port of loopback: forms in, JSON out, keys, and faults on demand.

use super::books::Form;
use super::{Fault, Sandbox};
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::stream;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;
use url::form_urlencoded;

impl Sandbox {
    /// Serves the interface on a free port of loopback; the answer is its base URL and what stops it.
    ///
    /// # Errors
    /// No port.
    pub fn serve(&self) -> std::io::Result<(String, ServerHandle)> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let sandbox = self.clone();
        let server = HttpServer::new(move || {
            App::new().app_data(web::Data::new(sandbox.clone())).default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok((format!("http://{address}"), handle))
    }
}

async fn answer(sandbox: web::Data<Sandbox>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let authorized = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value == format!("Bearer {}", sandbox.inner.key));
    if !authorized {
        let problem = json!({"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}});
        return reply(401, &problem, false);
    }
    let Some(path) = request.path().strip_prefix("/v1/").map(str::to_owned) else {
        return reply(404, &json!({"error": {"message": "Unrecognized request URL"}}), false);
    };
    let fault = sandbox.next_fault();
    match fault {
        Fault::Refuse(status) => {
            let problem = json!({"error": {"type": "api_error", "message": "Try again later."}});
            return reply(status, &problem, false);
        }
        Fault::Delay(milliseconds) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
        _ => {}
    }
    let key = request.headers().get("Idempotency-Key").and_then(|value| value.to_str().ok());
    let ((status, object), replayed) = if request.method() == actix_web::http::Method::POST {
        let form = pairs(&body);
        if fault == Fault::Break {
            (sandbox.change(|books| books.break_down(key, &path, &form)), false)
        } else {
            sandbox.change(|books| books.post(key, &path, &form))
        }
    } else {
        (sandbox.books().get(&path, &pairs(request.query_string().as_bytes())), false)
    };
    if fault == Fault::LoseAnswer {
        let broken = stream::once(async { Err::<web::Bytes, _>(std::io::Error::other("the answer gets lost")) });
        return HttpResponse::Ok().streaming(broken);
    }
    reply(status, &object, replayed)
}

fn reply(status: u16, object: &Value, replayed: bool) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    if replayed {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    response.json(object)
}

fn pairs(text: &[u8]) -> Form {
    form_urlencoded::parse(text).into_owned().collect()
}
