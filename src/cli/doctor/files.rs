//! The store of files: reachable, the right bucket, a key that may list it.

use super::PATIENCE;
use super::finding::Findings;
use crate::app::files::{point_at_store, storage};
use crate::config::{Config, Role, RoleSet};

const STORE: &str = "files";

pub(super) async fn check(config: &Config, roles: RoleSet, findings: &mut Findings) {
    if !roles.contains(Role::Worker) {
        return;
    }
    let mut config = config.clone();
    if config.store.listen.is_some() && config.storage.s3_endpoint.is_none() {
        if !config.data_dir().join("store/credentials").exists() {
            findings.ok(STORE, "the embedded store makes its key at the first start");
            return;
        }
        if let Err(error) = point_at_store(&mut config) {
            findings.fail(STORE, error.to_string(), "");
            return;
        }
    }
    let storage = match storage(&config) {
        Ok(Some(storage)) => storage,
        Ok(None) => {
            findings.ok(STORE, "no store is configured (store.listen, or storage.s3_bucket): uploads are refused");
            return;
        }
        Err(error) => {
            findings.fail(STORE, error.to_string(), "docs/files.md lists the settings");
            return;
        }
    };
    match tokio::time::timeout(PATIENCE, storage.list(None)).await {
        Ok(Ok(_)) => findings.ok(STORE, format!("bucket {} can be listed", storage.bucket_name())),
        Ok(Err(error)) if config.store.listen.is_some() => {
            findings.warn(
                STORE,
                error.to_string(),
                "the embedded store answers while a process with store.listen runs",
            );
        }
        Ok(Err(error)) => {
            let (mut message, mut cause) = (error.to_string(), std::error::Error::source(&error));
            while let Some(below) = cause {
                message = format!("{message}: {below}");
                cause = below.source();
            }
            findings.fail(STORE, message, "check storage.s3_endpoint, bucket, key and the machine's clock");
        }
        Err(_) => findings.fail(STORE, "the store does not answer", "check storage.s3_endpoint and the network"),
    }
}
