//! Bytes on their way in: their size, their end, their checksum.

use super::disk::blocking;
use super::incoming::{Incoming, Stored};
use futures_util::StreamExt;
use s3s::dto::StreamingBlob;
use s3s::{S3Result, s3_error};
use std::io;
use std::time::Duration;

/// A sender who says nothing for this long is gone.
const SILENCE: Duration = Duration::from_secs(60);

/// Takes a body of at most `largest` bytes in, chunk by chunk, and syncs it.
pub(super) async fn receive(
    body: Option<StreamingBlob>,
    announced: Option<i64>,
    largest: u64,
    create: impl FnOnce() -> io::Result<Incoming> + Send + 'static,
) -> S3Result<Stored> {
    let announced = announced.and_then(|length| u64::try_from(length).ok());
    if announced.is_some_and(|length| length > largest) {
        return Err(s3_error!(EntityTooLarge, "Your upload is above {} bytes", largest));
    }
    let mut incoming = blocking(create).await?;
    if let Some(mut body) = body {
        loop {
            let chunk = match tokio::time::timeout(SILENCE, body.next()).await {
                Ok(Some(Ok(chunk))) => chunk,
                Ok(None) => break,
                Ok(Some(Err(error))) => {
                    // A body that does not match its signature or checksum says so here.
                    let text = error.to_string();
                    return Err(match error.downcast::<s3s::S3Error>() {
                        Ok(error) => *error,
                        Err(_) if text.contains("ignature") => s3_error!(SignatureDoesNotMatch, "{text}"),
                        Err(_) => s3_error!(IncompleteBody, "The body ended early: {text}"),
                    });
                }
                Err(_) => return Err(s3_error!(RequestTimeout)),
            };
            if incoming.size() + chunk.len() as u64 > largest {
                return Err(s3_error!(EntityTooLarge, "Your upload is above {} bytes", largest));
            }
            incoming = blocking(move || incoming.write(&chunk).map(|()| incoming)).await?;
        }
    }
    if announced.is_some_and(|length| length != incoming.size()) {
        return Err(s3_error!(IncompleteBody));
    }
    blocking(move || incoming.finish()).await
}

/// Compares with the checksum that the sender named, if any.
pub(super) fn check_md5(stored: &Stored, claimed: Option<&str>) -> S3Result<()> {
    use base64::Engine as _;
    match claimed {
        Some(claimed) if base64::engine::general_purpose::STANDARD.encode(stored.md5) != claimed => {
            Err(s3_error!(BadDigest))
        }
        _ => Ok(()),
    }
}
