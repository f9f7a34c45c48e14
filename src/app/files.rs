//! Puts the parts about files together: which store there is, what its jobs need, and the embedded one where it is asked for.

use super::AppError;
use super::who_am_i::pre_request_statement;
use crate::auth::Authenticator;
use crate::backup::Files;
use crate::config::{ApiMode, Config, Role, RoleSet, Secret, Visibility};
use crate::db::Db;
use crate::files::pictures::{Budget, PageRenderer, Painter};
use crate::files::{
    Cleanup, CleanupKind, Downloads, DrawThumbnails, Limits, Records, SignUpload, Storage, StorageOptions, VerifyFile,
};
use crate::jobs::Registry;
use crate::store::{ObjectStore, StoreCredentials, StoreOptions};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

/// Bucket of the embedded store when none is named: the reference's default.
const DEFAULT_BUCKET: &str = "civic-os-files";
/// Memory for decoding pictures, shared by all of them.
const DECODING_BYTES: u64 = 256 * 1024 * 1024;
/// One page of a document is drawn in this time or not at all.
const PAGE_LIMIT: Duration = Duration::from_secs(30);

/// Starts the embedded store on bound sockets and points the rest of the configuration at it, unless that names another store.
pub(super) fn start_store(
    config: &mut Config,
    sockets: Vec<TcpListener>,
    address: Option<SocketAddr>,
) -> Result<Option<ObjectStore>, AppError> {
    let Some(address) = address else { return Ok(None) };
    let credentials = point_at(config, address)?;
    let options = StoreOptions {
        folder: config.store_dir(),
        credentials,
        buckets: config.storage.s3_bucket.iter().cloned().collect(),
        public: config.files.visibility == Visibility::Public,
        largest_object: config.files.max_size,
    };
    Ok(Some(ObjectStore::start(options, sockets)?))
}

/// For a verb beside a process that serves the embedded store.
pub(crate) fn point_at_store(config: &mut Config) -> Result<(), AppError> {
    let Some(listen) = config.store.listen.clone() else { return Ok(()) };
    match listen.to_socket_addrs().ok().and_then(|mut addresses| addresses.next()) {
        Some(address) => point_at(config, address).map(drop),
        None => Err(AppError::Address { key: "store.listen", address: listen }),
    }
}

/// The embedded store becomes the store of files, where the configuration names no other.
fn point_at(config: &mut Config, address: SocketAddr) -> Result<StoreCredentials, AppError> {
    let folder = config.store_dir();
    let public_host = config.web.public_url.as_deref().and_then(|url| url::Url::parse(url).ok());
    let public_host = public_host.and_then(|url| url.host_str().map(str::to_owned));
    let storage = &mut config.storage;
    let credentials = match (storage.s3_access_key_id.expose(), storage.s3_secret_access_key.is_set()) {
        (Some(id), true) => {
            StoreCredentials { access_key_id: id.to_owned(), secret_access_key: storage.s3_secret_access_key.clone() }
        }
        _ => StoreCredentials::load_or_create(&folder)?,
    };
    storage.s3_bucket.get_or_insert_with(|| DEFAULT_BUCKET.to_owned());
    if storage.s3_endpoint.is_none() {
        let port = address.port();
        if address.ip().is_unspecified() {
            storage.s3_endpoint = Some(format!("http://127.0.0.1:{port}"));
            let host = public_host.unwrap_or_else(|| "localhost".to_owned());
            storage.s3_public_endpoint.get_or_insert_with(|| format!("http://{host}:{port}"));
        } else {
            storage.s3_endpoint = Some(format!("http://{address}"));
        }
        storage.s3_access_key_id = Secret::new(&credentials.access_key_id);
        storage.s3_secret_access_key = credentials.secret_access_key.clone();
    }
    Ok(credentials)
}

/// Where `civic-os backup` finds the uploaded files, and puts them back: in the bucket that is named, or in the folder of the embedded store.
pub(crate) fn backed_up(config: &Config) -> Files {
    let embedded = config.store.listen.is_some() && config.storage.s3_endpoint.is_none();
    match storage_options(config) {
        Some(options) if !embedded => Files::Bucket(options),
        _ => {
            let bucket = config.storage.s3_bucket.clone().unwrap_or_else(|| DEFAULT_BUCKET.to_owned());
            Files::Folder { path: config.store_dir(), bucket }
        }
    }
}

/// Access to the configured store; `None` without a bucket.
pub(crate) fn storage(config: &Config) -> Result<Option<Storage>, AppError> {
    Ok(storage_options(config).map(Storage::new).transpose()?)
}

fn storage_options(config: &Config) -> Option<StorageOptions> {
    let storage = &config.storage;
    Some(StorageOptions {
        bucket: storage.s3_bucket.clone()?,
        region: storage.s3_region.clone(),
        endpoint: storage.s3_endpoint.clone(),
        public_endpoint: storage.s3_public_endpoint.clone(),
        access_key_id: storage.s3_access_key_id.clone(),
        secret_access_key: storage.s3_secret_access_key.clone(),
    })
}

/// The clean-up of files.
pub(crate) fn cleanup(config: &Config, db: Db) -> Result<Cleanup, AppError> {
    let grace = Duration::from_secs(u64::from(config.files.grace_hours) * 60 * 60);
    Ok(Cleanup::new(Records::new(db), storage(config)?, grace))
}

/// What draws thumbnails in this process.
pub(crate) fn painter() -> Result<Painter, AppError> {
    let program = program().map_err(AppError::Program)?;
    Ok(Painter::new(Budget::new(DECODING_BYTES), PageRenderer::new(program, PAGE_LIMIT)))
}

/// This program's file. An empty root folder has no /proc to ask; then it is as it was called.
fn program() -> std::io::Result<PathBuf> {
    std::env::current_exe().or_else(|error| {
        let called = std::env::args_os().next().map(PathBuf::from);
        called.filter(|path| path.is_absolute()).ok_or(error)
    })
}

/// The kinds of jobs about files, for the role `worker`.
pub(super) fn kinds(registry: Registry, config: &Config, roles: RoleSet, db: &Db) -> Result<Registry, AppError> {
    if !roles.contains(Role::Worker) {
        return Ok(registry);
    }
    // Keys of the machine that cannot be had are no reason to keep mail from being sent: each job says so.
    let storage = match storage(config) {
        Ok(storage) => storage,
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "The store of files cannot be used; uploads will be refused"
            );
            None
        }
    };
    let records = Records::new(db.clone());
    let limits = Limits { largest: config.files.max_size };
    let painter = painter()?;
    let grace = Duration::from_secs(u64::from(config.files.grace_hours) * 60 * 60);
    Ok(registry
        .with(SignUpload::new(records.clone(), storage.clone(), limits))
        .with_parallel("s3_signer", 20)
        .with(DrawThumbnails::new(records.clone(), storage.clone(), painter, limits))
        .with(VerifyFile::new(records.clone(), storage.clone(), limits))
        .with_parallel("thumbnails", usize::from(config.thumbnails.max_workers))
        .with(CleanupKind::new(Cleanup::new(records, storage, grace)))
        .with_parallel("files_cleanup", 1))
}

/// Addresses for downloading, where there is a store and the core schema.
pub(super) fn downloads(config: &Config, authenticator: &Authenticator, db: &Db) -> Option<Downloads> {
    if config.api.mode != ApiMode::CivicOs {
        return None;
    }
    let storage = storage(config).ok().flatten()?;
    let pre_request = config.api.db_pre_request.as_deref().map(pre_request_statement);
    Some(Downloads::new(authenticator.clone(), db.clone(), pre_request, storage))
}

/// `GET /files/{id}/addresses`
pub(super) fn configure_downloads(downloads: &Downloads, routes: &mut web::ServiceConfig) {
    let resource = web::resource("/files/{id}/addresses").app_data(web::Data::new(downloads.clone()));
    routes.service(resource.route(web::get().to(addresses)));
}

async fn addresses(downloads: web::Data<Downloads>, file: web::Path<String>, request: HttpRequest) -> HttpResponse {
    let headers = request.headers().get_all("authorization").map(|value| value.as_bytes());
    let (status, document) = downloads.addresses(headers, &file).await;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).insert_header(("Cache-Control", "no-store")).json(document)
}
