//! Answers of the API on their way to browsers, compressed with gzip. The program's own files are compressed when the
//! binary is built; what comes from the database is compressed here, since on a phone's line the description of an
//! application's tables (43 kB in the example, 4 kB compressed) costs more time than the page itself.
//!
//! Only on `web.listen`, below `/api/`: `api.listen` answers as PostgREST does, which never compresses. Answers with a
//! version are left as they are, because a strong validator stands for exact bytes. Compressing what may hold a secret
//! beside what a stranger wrote tells lengths to an eavesdropper (BREACH); that attack needs a browser that sends the
//! secret along on its own, and the API knows no cookies.

use super::handler::accepts_encoding;
use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

/// Smaller answers fit into the first packets anyway.
const SMALLEST: usize = 2048;
/// Up to here compressing takes about a millisecond; more is done beside the thread that answers.
const LARGEST_INLINE: usize = 32 * 1024;

/// Middleware step: compresses where the client takes it and it pays.
///
/// # Errors
/// Those of the service behind it.
pub async fn compress_answers(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let wanted = request.path().starts_with("/api/")
        && request.method() != Method::HEAD
        && request
            .headers()
            .get(ACCEPT_ENCODING)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|accepted| accepts_encoding(accepted, "gzip"));
    let response = next.call(request).await?;
    if !wanted || !is_worth_it(response.status(), response.headers()) {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (mut response, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Ok(bytes) if bytes.len() >= SMALLEST => {
            let headers = response.headers_mut();
            headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.remove(CONTENT_LENGTH);
            BoxBody::new(if bytes.len() <= LARGEST_INLINE {
                gzip(&bytes)
            } else {
                actix_web::web::block(move || gzip(&bytes)).await?
            })
        }
        Ok(bytes) => BoxBody::new(bytes),
        // A stream: its length was promised, and it may be long.
        Err(body) => body,
    };
    Ok(ServiceResponse::new(request, response.set_body(body)))
}

fn is_worth_it(status: StatusCode, headers: &HeaderMap) -> bool {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|media_type| {
        ["application/json", "application/vnd.pgrst.", "application/openapi+json", "application/geo+json", "text/"]
            .iter()
            .any(|known| media_type.starts_with(known))
    });
    text && matches!(status, StatusCode::OK | StatusCode::CREATED | StatusCode::PARTIAL_CONTENT)
        && !headers.contains_key(CONTENT_ENCODING)
        && !headers.contains_key(ETAG)
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::default());
    // Writing to memory does not fail.
    match encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        Ok(compressed) => compressed.into(),
        Err(error) => unreachable!("gzip into memory: {error}"),
    }
}
