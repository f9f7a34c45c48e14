//! The store of files, whichever it is, through rust-s3: path style, static keys or those of the machine, our own endpoint apart from the one that browsers use.

use super::presign::{Permission, Presigner, SigningKey};
use crate::config::Secret;
use s3::creds::Credentials;
use s3::error::S3Error;
use s3::{Bucket, Region};
use std::time::Duration;
use time::OffsetDateTime;
use url::Url;

/// A store that does not answer for this long is away.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Bytes of a part of what [`Storage::put_stream`] writes. The tag of such an object is the MD5 of the parts' MD5s, and their number.
pub const PART_BYTES: usize = s3::bucket::CHUNK_SIZE;

/// Parts that travel at a time. Each is in memory twice while it does; by itself the client takes ten where memory is free at the moment.
const PARTS_AT_A_TIME: usize = 3;

/// S3's code for a request whose time is too far from the store's, usually by a quarter of an hour.
const WRONG_CLOCK: &str = "RequestTimeTooSkewed";

/// How to reach the store.
#[derive(Clone, Debug)]
pub struct StorageOptions {
    /// Bucket of new files.
    pub bucket: String,
    /// Region that requests are signed for.
    pub region: String,
    /// Endpoint of our own calls; none = Amazon's.
    pub endpoint: Option<String>,
    /// Endpoint in addresses for browsers; none = ours.
    pub public_endpoint: Option<String>,
    /// Static key; none = environment, container or instance.
    pub access_key_id: Secret,
    /// Its secret.
    pub secret_access_key: Secret,
}

/// What went wrong with the store, in words for operators; the person who uploads sees [`StorageError::for_people`].
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// No such object.
    #[error("the store has no object \"{key}\" in bucket \"{bucket}\"")]
    NotFound {
        /// Bucket.
        bucket: String,
        /// Key.
        key: String,
    },
    /// The store answered and refused.
    #[error(
        "the store refused to {action} {} in bucket \"{bucket}\": {code} (HTTP {status}){}",
        named(key),
        hint(code)
    )]
    Refused {
        /// What was tried.
        action: &'static str,
        /// Bucket.
        bucket: String,
        /// Key.
        key: String,
        /// S3's code, such as `AccessDenied`, `NoSuchBucket`, `RequestTimeTooSkewed`.
        code: String,
        /// HTTP status.
        status: u16,
    },
    /// The store did not answer.
    #[error("the store could not be reached to {action} {}", named(key))]
    Unreachable {
        /// What was tried.
        action: &'static str,
        /// Key.
        key: String,
        /// Cause.
        #[source]
        source: Box<S3Error>,
    },
    /// No key to sign with.
    #[error(
        "no key for the store: set storage.s3_access_key_id and storage.s3_secret_access_key, or give this machine a role"
    )]
    Credentials(#[source] Box<S3Error>),
    /// The configuration cannot name a store.
    #[error("the store's settings are wrong: {0}")]
    Settings(String),
}

/// The object of a message; whoever lists has no key.
fn named(key: &str) -> String {
    if key.is_empty() { "objects".to_owned() } else { format!("\"{key}\"") }
}

impl StorageError {
    /// What the person who uploaded can do with.
    pub fn for_people(&self) -> String {
        match self {
            Self::NotFound { .. } => "The upload did not arrive in the store.".to_owned(),
            Self::Refused { code, .. } if code == WRONG_CLOCK => {
                "The store of files refused the server, because one of the two clocks is wrong.".to_owned()
            }
            Self::Refused { code, .. } => format!("The store of files refused the server ({code})."),
            Self::Unreachable { .. } => "The store of files cannot be reached.".to_owned(),
            Self::Credentials(_) | Self::Settings(_) => "The store of files is not set up.".to_owned(),
        }
    }

    /// S3's code when the store refused.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// What the store says about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Bytes.
    pub size: u64,
    /// As sent by the uploader.
    pub content_type: String,
    /// The store's tag of the contents, without quotes; usually an MD5 ([`PART_BYTES`]), but a store may use anything.
    pub etag: Option<String>,
}

/// One object of a listing.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// When it was written.
    pub modified: OffsetDateTime,
}

/// Access to the store; cheap to clone.
#[derive(Clone)]
pub struct Storage {
    bucket: Box<Bucket>,
    presigner: Presigner,
    options: StorageOptions,
}

impl Storage {
    /// Prepares access; no network. Keys of the machine are asked for at the first use.
    ///
    /// # Errors
    /// [`StorageError::Settings`], [`StorageError::Credentials`].
    pub fn new(options: StorageOptions) -> Result<Self, StorageError> {
        let aws = format!("https://s3.{}.amazonaws.com", options.region);
        let endpoint = options.endpoint.clone().unwrap_or_else(|| aws.clone());
        let public = options.public_endpoint.as_ref().or(options.endpoint.as_ref()).unwrap_or(&aws);
        let public = Url::parse(public).map_err(|error| StorageError::Settings(format!("{public}: {error}")))?;
        let presigner = Presigner::new(public, options.region.clone(), options.bucket.clone());
        let bucket = connect(&options, &endpoint, &options.bucket)?;
        Ok(Self { bucket, presigner, options })
    }

    /// Name of the bucket of new files.
    pub fn bucket_name(&self) -> &str {
        &self.options.bucket
    }

    /// The bucket that a row names: ours, or another that the same key reaches.
    fn bucket(&self, name: &str) -> Box<Bucket> {
        if name == self.options.bucket {
            return self.bucket.clone();
        }
        let mut other = self.bucket.clone();
        other.name = name.to_owned();
        other
    }

    /// Size and type of an object.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] and all others.
    pub async fn head(&self, bucket: &str, key: &str) -> Result<ObjectInfo, StorageError> {
        match self.look(bucket, key).await {
            // The answer to HEAD has no body, and so no reason but the status; the answer to GET has.
            Err(bare @ (StorageError::Refused { .. } | StorageError::NotFound { .. })) => {
                match self.get_start(bucket, key, 1).await {
                    Err(told @ (StorageError::Refused { .. } | StorageError::NotFound { .. })) => Err(told),
                    _ => Err(bare),
                }
            }
            other => other,
        }
    }

    async fn look(&self, bucket: &str, key: &str) -> Result<ObjectInfo, StorageError> {
        let handle = self.bucket(bucket);
        let (head, status) = handle.head_object(key).await.map_err(|error| failure("look at", bucket, key, error))?;
        if !(200..300).contains(&status) {
            return Err(refusal("look at", bucket, key, status, ""));
        }
        let size = head.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
        let etag = head.e_tag.map(|etag| etag.trim_matches('"').to_owned());
        Ok(ObjectInfo { size, content_type: head.content_type.unwrap_or_default(), etag })
    }

    /// The whole object; the caller has looked at its size.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] and all others.
    pub async fn get(&self, bucket: &str, key: &str) -> Result<bytes::Bytes, StorageError> {
        let handle = self.bucket(bucket);
        let response = handle.get_object(key).await.map_err(|error| failure("read", bucket, key, error))?;
        let status = response.status_code();
        if !(200..300).contains(&status) {
            return Err(refusal("read", bucket, key, status, &String::from_utf8_lossy(response.as_slice())));
        }
        Ok(response.into_bytes())
    }

    /// The first bytes of an object.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] and all others.
    pub async fn get_start(&self, bucket: &str, key: &str, bytes: u64) -> Result<bytes::Bytes, StorageError> {
        self.get_range(bucket, key, 0, bytes).await
    }

    /// Bytes of an object from `start` on, at most `bytes` of them and at least one.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] and all others; a start behind the end is refused.
    pub async fn get_range(
        &self,
        bucket: &str,
        key: &str,
        start: u64,
        bytes: u64,
    ) -> Result<bytes::Bytes, StorageError> {
        let handle = self.bucket(bucket);
        let end = start.saturating_add(bytes.saturating_sub(1));
        let response = handle
            .get_object_range(key, start, Some(end))
            .await
            .map_err(|error| failure("read", bucket, key, error))?;
        let status = response.status_code();
        if !(200..300).contains(&status) {
            return Err(refusal("read", bucket, key, status, &String::from_utf8_lossy(response.as_slice())));
        }
        Ok(response.into_bytes())
    }

    /// Writes an object in parts, of which a few are in memory at a time.
    ///
    /// # Errors
    /// All but [`StorageError::NotFound`]; also when `reader` fails.
    pub async fn put_stream(
        &self,
        bucket: &str,
        key: &str,
        reader: &mut (impl tokio::io::AsyncRead + Unpin),
        content_type: &str,
    ) -> Result<(), StorageError> {
        let handle = self.bucket(bucket);
        let request = handle.put_object_stream_builder(key).with_content_type(content_type);
        let response = request
            .with_max_concurrent_chunks(PARTS_AT_A_TIME)
            .execute_stream(reader)
            .await
            .map_err(|error| failure("write", bucket, key, error))?;
        match response.status_code() {
            200..300 => Ok(()),
            status => Err(refusal("write", bucket, key, status, "")),
        }
    }

    /// Writes an object.
    ///
    /// # Errors
    /// All but [`StorageError::NotFound`].
    pub async fn put(&self, bucket: &str, key: &str, bytes: &[u8], content_type: &str) -> Result<(), StorageError> {
        let handle = self.bucket(bucket);
        let response = handle
            .put_object_with_content_type(key, bytes, content_type)
            .await
            .map_err(|error| failure("write", bucket, key, error))?;
        match response.status_code() {
            200..300 => Ok(()),
            status => Err(refusal("write", bucket, key, status, &String::from_utf8_lossy(response.as_slice()))),
        }
    }

    /// Deletes an object; one that does not exist is deleted already.
    ///
    /// # Errors
    /// All but [`StorageError::NotFound`].
    pub async fn delete(&self, bucket: &str, key: &str) -> Result<(), StorageError> {
        let handle = self.bucket(bucket);
        let response = handle.delete_object(key).await.map_err(|error| failure("delete", bucket, key, error))?;
        match response.status_code() {
            200..300 | 404 => Ok(()),
            status => Err(refusal("delete", bucket, key, status, &String::from_utf8_lossy(response.as_slice()))),
        }
    }

    /// One page of the bucket of new files, in the order of keys; the second value is where the next page goes on.
    ///
    /// # Errors
    /// All but [`StorageError::NotFound`].
    pub async fn list(&self, after: Option<String>) -> Result<(Vec<Listed>, Option<String>), StorageError> {
        let (page, status) = self
            .bucket
            .list_page(String::new(), None, after, None, Some(1000))
            .await
            .map_err(|error| failure("list", self.bucket_name(), "", error))?;
        if !(200..300).contains(&status) {
            return Err(refusal("list", self.bucket_name(), "", status, ""));
        }
        let listed = page.contents.into_iter().map(|object| Listed {
            key: object.key,
            size: object.size,
            // A time that cannot be read counts as now: nothing is deleted for it.
            modified: OffsetDateTime::parse(&object.last_modified, &time::format_description::well_known::Rfc3339)
                .unwrap_or_else(|_| OffsetDateTime::now_utc()),
        });
        Ok((listed.collect(), page.next_continuation_token.filter(|_| page.is_truncated)))
    }

    /// An address to upload to; `bound` = the type and size that the upload must have.
    ///
    /// # Errors
    /// [`StorageError::Credentials`].
    pub async fn presign_put(
        &self,
        key: &str,
        valid_for: Duration,
        bound: Option<(&str, u64)>,
    ) -> Result<String, StorageError> {
        let headers: Vec<(&str, String)> = match bound {
            Some((file_type, size)) => {
                vec![("content-length", size.to_string()), ("content-type", file_type.to_owned())]
            }
            None => Vec::new(),
        };
        let query = [("x-id", "PutObject".to_owned())];
        let permission = Permission { method: "PUT", key, valid_for, headers: &headers, query: &query };
        Ok(self.presigner.sign(&permission, &self.signing_key().await?, OffsetDateTime::now_utc()))
    }

    /// An address to download from, with the name that the file is saved under.
    ///
    /// # Errors
    /// [`StorageError::Credentials`].
    pub async fn presign_get(
        &self,
        key: &str,
        valid_for: Duration,
        file_name: Option<&str>,
    ) -> Result<String, StorageError> {
        let mut query = vec![("x-id", "GetObject".to_owned())];
        if let Some(name) = file_name {
            let ascii: String = name
                .chars()
                .map(|c| if c.is_ascii() && !c.is_control() && !"\"\\".contains(c) { c } else { '_' })
                .collect();
            let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
            let disposition = format!("inline; filename=\"{ascii}\"; filename*=UTF-8''{encoded}");
            query.push(("response-content-disposition", disposition));
        }
        let permission = Permission { method: "GET", key, valid_for, headers: &[], query: &query };
        Ok(self.presigner.sign(&permission, &self.signing_key().await?, OffsetDateTime::now_utc()))
    }

    /// The key of this moment: those of machines expire and are fetched again.
    async fn signing_key(&self) -> Result<SigningKey, StorageError> {
        let wrong = |error| StorageError::Credentials(Box::new(error));
        self.bucket.credentials_refresh().await.map_err(wrong)?;
        let credentials = self.bucket.credentials().await.map_err(wrong)?;
        match (credentials.access_key, credentials.secret_key) {
            (Some(id), Some(secret)) => Ok(SigningKey {
                access_key_id: id,
                secret_access_key: Secret::new(secret),
                session_token: credentials.session_token.or(credentials.security_token),
            }),
            _ => Err(wrong(S3Error::CredentialsReadLock)),
        }
    }
}

fn connect(options: &StorageOptions, endpoint: &str, bucket: &str) -> Result<Box<Bucket>, StorageError> {
    let wrong = |error| StorageError::Credentials(Box::new(error));
    let credentials = match (options.access_key_id.expose(), options.secret_access_key.expose()) {
        (Some(id), Some(secret)) => Credentials::new(Some(id), Some(secret), None, None, None),
        _ => Credentials::default(),
    };
    let credentials = credentials.map_err(|error| wrong(S3Error::Credentials(error)))?;
    let region = Region::Custom { region: options.region.clone(), endpoint: endpoint.trim_end_matches('/').to_owned() };
    let bucket = Bucket::new(bucket, region, credentials).map_err(|error| StorageError::Settings(error.to_string()))?;
    bucket.with_path_style().with_request_timeout(TIMEOUT).map_err(|error| StorageError::Settings(error.to_string()))
}

/// What an operator should look at, where the code does not say it.
fn hint(code: &str) -> &'static str {
    match code {
        WRONG_CLOCK => ": the clocks of this machine and of the store differ",
        _ => "",
    }
}

fn failure(action: &'static str, bucket: &str, key: &str, error: S3Error) -> StorageError {
    match error {
        S3Error::HttpFailWithBody(status, body) => refusal(action, bucket, key, status, &body),
        S3Error::Credentials(_) => StorageError::Credentials(Box::new(error)),
        source => StorageError::Unreachable { action, key: key.to_owned(), source: Box::new(source) },
    }
}

fn refusal(action: &'static str, bucket: &str, key: &str, status: u16, body: &str) -> StorageError {
    let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    match (status, code) {
        (404, None | Some("NoSuchKey")) if !key.is_empty() => {
            StorageError::NotFound { bucket: bucket.to_owned(), key: key.to_owned() }
        }
        (_, code) => StorageError::Refused {
            action,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            code: code.unwrap_or("no reason given").chars().take(60).collect(),
            status,
        },
    }
}
