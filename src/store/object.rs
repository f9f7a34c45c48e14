//! What is remembered of an object beside its bytes: its description, a small file of JSON.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use uuid::Uuid;

/// An object's description.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Object {
    pub(super) key: String,
    /// Name of the file with the bytes.
    pub(super) data: Uuid,
    pub(super) size: u64,
    pub(super) etag: String,
    /// Microseconds since 1970.
    pub(super) modified: i64,
    #[serde(flatten)]
    pub(super) attributes: Attributes,
}

/// Headers that come back with the object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// `Content-Type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `Cache-Control`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `Content-Encoding`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `x-amz-meta-*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<HashMap<String, String>>,
}

impl Object {
    /// Reads a description; nothing where there is none.
    ///
    /// # Errors
    /// The file cannot be read, or is no description ([`io::ErrorKind::InvalidData`], with its path).
    pub(super) fn read(description: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read(description) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        serde_json::from_slice(&text).map(Some).map_err(|error| {
            let text = format!("{} is not the description of an object: {error}", description.display());
            io::Error::new(io::ErrorKind::InvalidData, text)
        })
    }
}
