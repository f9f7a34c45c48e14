//! Counts requests by class of route, method and status, and how long they took until the head of the answer. Paths never become labels.

use crate::telemetry::metrics::{self, Counter, EncodeLabelSet, Family, Histograms};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use std::sync::LazyLock;
use std::time::Instant;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    class: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ClassLabels {
    class: &'static str,
}

static REQUESTS: LazyLock<Family<RequestLabels, Counter>> = LazyLock::new(|| {
    metrics::counter("civic_os_http_requests", "Answered requests by class of route, method and status")
});
static DURATION: LazyLock<Histograms<ClassLabels>> = LazyLock::new(|| {
    let help = "From the head of a request to the head of its answer";
    metrics::histogram("civic_os_http_request_seconds", help, metrics::SECONDS)
});

/// The public listener: the class follows from the path.
pub(super) async fn count_site<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let class = class_of(request.path());
    count(class, request, next).await
}

/// The listener that serves the REST API at its root.
pub(super) async fn count_api<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    count("api", request, next).await
}

async fn count<B: MessageBody>(
    class: &'static str,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let method = match request.method().as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    };
    let answer = next.call(request).await;
    let status = match &answer {
        Ok(answer) => answer.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    REQUESTS.get_or_create(&RequestLabels { class, method, status: status.as_u16() }).inc();
    DURATION.get_or_create(&ClassLabels { class }).observe(started.elapsed().as_secs_f64());
    answer
}

fn class_of(path: &str) -> &'static str {
    match path.trim_start_matches('/').split('/').next().unwrap_or_default() {
        "api" => "api",
        "realms" | "auth" => "identity",
        "files" => "files",
        "events" => "events",
        "webhooks" => "webhooks",
        "health" => "health",
        "assets" => "assets",
        _ => "web",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fall_into_few_classes() {
        for (path, class) in [
            ("/api/service_requests?id=eq.1", "api"),
            ("/realms/town/protocol/openid-connect/token", "identity"),
            ("/apiary", "web"),
            ("/view/service_requests/42", "web"),
            ("/", "web"),
            ("", "web"),
        ] {
            assert_eq!(class_of(path), class, "{path}");
        }
    }
}
