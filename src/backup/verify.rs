//! Proves that a backup can be restored: checksums, then a restore into a scratch database whose rows are compared.

use super::restore::{blocking, compare, create_database, dump, prepare_roles};
use super::tools::Tools;
use super::{BackupError, FILES, archive, files, retention};
use crate::config::Secret;
use crate::db::{ConnectionString, ConninfoError, connect_to};
use serde::Serialize;
use std::path::PathBuf;

/// What is checked.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    /// The owner's login; it must be able to create a database.
    pub owner_url: Secret,
    /// Folder of the backups.
    pub folder: PathBuf,
    /// Name; `latest` is the newest.
    pub name: String,
    /// File with the age key; without it an encrypted backup is only compared with its checksums.
    pub identity: Option<PathBuf>,
}

/// What was proven.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyReport {
    /// Backup.
    pub name: String,
    /// Whether it was restored; `false` for an encrypted one without a key.
    pub restored: bool,
    /// Tables compared.
    pub tables: usize,
    /// Rows compared.
    pub rows: i64,
    /// Files of the store that could be read; `None` where there are none.
    pub files: Option<u64>,
}

/// Verifies one backup; the scratch database is dropped whatever happens.
///
/// # Errors
/// A part is damaged, it cannot be restored, or rows differ.
pub async fn verify(options: &VerifyOptions) -> Result<VerifyReport, BackupError> {
    let owner = ConnectionString::parse(options.owner_url.expose().ok_or(ConninfoError::Missing)?)?;
    let (folder, manifest) = retention::find(&options.folder, &options.name)?;
    for part in &manifest.parts {
        archive::check(&folder, part)?;
    }
    let name = manifest.name.clone();
    if manifest.parts.iter().any(|part| part.encrypted) && options.identity.is_none() {
        return Ok(VerifyReport { name, restored: false, tables: 0, rows: 0, files: None });
    }
    let tools = Tools::find()?;
    let scratch = format!("civic_os_verify_{}", uuid::Uuid::new_v4().simple());
    create_database(&owner, &scratch).await?;
    let outcome = async {
        let target = owner.with_database(&scratch);
        let client = connect_to(&target).await.map_err(BackupError::database("connect to the scratch database"))?;
        prepare_roles(&client, &manifest.roles).await?;
        let (known, identity, from) = (manifest.clone(), options.identity.clone(), folder.clone());
        blocking(move || dump(&tools, &target, &from, &known, identity.as_deref())).await?;
        compare(&client, &manifest).await
    }
    .await;
    let dropped = drop_database(&owner, &scratch).await;
    let rows = outcome?;
    dropped?;
    let mut files = None;
    if let Some(part) = manifest.part(FILES).cloned() {
        let (from, identity) = (folder, options.identity.clone());
        let total = blocking(move || {
            let archive = archive::open(&from, &part, identity.as_deref())?;
            files::visit(&part.file, archive, |_, _, bytes| {
                std::io::copy(bytes, &mut std::io::sink()).map(drop).map_err(BackupError::file("read", &part.file))
            })
        })
        .await?;
        if (Some(total.objects), total.bytes) != (manifest.stored_files, manifest.stored_bytes) {
            let (found, wanted) = (total.objects, manifest.stored_files.unwrap_or_default());
            let sizes = format!("{} bytes instead of {}", total.bytes, manifest.stored_bytes);
            return Err(BackupError::Different(format!("{found} files instead of {wanted}, {sizes}")));
        }
        files = Some(total.objects);
    }
    Ok(VerifyReport { name, restored: true, tables: manifest.tables.len(), rows, files })
}

async fn drop_database(owner: &ConnectionString, name: &str) -> Result<(), BackupError> {
    let client = connect_to(&owner.with_database("postgres"))
        .await
        .map_err(BackupError::database("connect to the database `postgres`"))?;
    client
        .batch_execute(&format!("drop database if exists \"{name}\" with (force)"))
        .await
        .map_err(BackupError::statement("drop the scratch database"))
}
