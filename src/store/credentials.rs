//! The access key of the embedded store: made once, kept in a file that only the owner may read.

use super::StoreError;
use crate::config::Secret;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// An access key and its secret.
#[derive(Clone, Debug)]
pub struct StoreCredentials {
    /// Public half.
    pub access_key_id: String,
    /// Secret half.
    pub secret_access_key: Secret,
}

impl StoreCredentials {
    /// The key in `<folder>/credentials`, made at the first start.
    ///
    /// # Errors
    /// [`StoreError::Folder`], [`StoreError::Credentials`].
    pub fn load_or_create(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("credentials");
        match fs::read_to_string(&path) {
            Ok(text) => {
                let mut lines = text.lines().map(str::trim);
                match (lines.next(), lines.next()) {
                    (Some(id), Some(secret)) if id.len() >= 16 && secret.len() >= 32 => {
                        Ok(Self { access_key_id: id.to_owned(), secret_access_key: Secret::new(secret) })
                    }
                    _ => Err(StoreError::Credentials { path }),
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::create(folder, &path),
            Err(source) => Err(StoreError::Folder { action: "read", path, source }),
        }
    }

    fn create(folder: &Path, path: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(folder).map_err(StoreError::folder("create", folder))?;
        let letters = |count: usize| -> String {
            const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
            (0..count).map(|_| char::from(ALPHABET[usize::from(rand::random::<u8>() & 31)])).collect()
        };
        let (id, secret) = (letters(20), letters(48));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(StoreError::folder("create", path))?;
        file.write_all(format!("{id}\n{secret}\n").as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(StoreError::folder("write", path))?;
        Ok(Self { access_key_id: id, secret_access_key: Secret::new(secret) })
    }
}
