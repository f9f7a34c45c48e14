//! Parts on disk: checksummed as they are written and read, encrypted where there are recipients, forced to disk before they count.

use super::BackupError;
use super::manifest::Part;
use age::x25519;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

/// Counts and hashes what goes through it.
struct Tally<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Tally<W> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(data)?;
        self.hash.update(&data[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

pub(super) fn hexadecimal(sum: &[u8]) -> String {
    sum.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Public keys as age writes them (`age1…`).
pub(super) fn recipients(texts: &[String]) -> Result<Vec<x25519::Recipient>, BackupError> {
    let parsed = texts.iter().map(|text| {
        text.trim().parse::<x25519::Recipient>().map_err(|message| BackupError::Encryption {
            action: "read backup.age_recipients",
            message: format!("{text}: {message}"),
        })
    });
    parsed.collect()
}

/// The keys of an identity file as `age-keygen` writes it.
pub(super) fn identities(path: &Path) -> Result<Vec<Box<dyn age::Identity>>, BackupError> {
    let text = std::fs::read_to_string(path).map_err(BackupError::file("read", path))?;
    let keys = text.lines().map(str::trim).filter(|line| line.starts_with("AGE-SECRET-KEY-"));
    let parsed: Result<Vec<Box<dyn age::Identity>>, BackupError> = keys
        .map(|key| match key.parse::<x25519::Identity>() {
            Ok(identity) => Ok(Box::new(identity) as Box<dyn age::Identity>),
            // The message of the parser says nothing about the key itself.
            Err(message) => {
                Err(BackupError::Encryption { action: "read the identity file", message: message.to_owned() })
            }
        })
        .collect();
    let parsed = parsed?;
    if parsed.is_empty() {
        let message = format!("{} holds no AGE-SECRET-KEY", path.display());
        return Err(BackupError::Encryption { action: "read the identity file", message });
    }
    Ok(parsed)
}

/// Writes a part: `fill` gets the place for the plain bytes.
pub(super) fn write(
    folder: &Path,
    name: &str,
    recipients: &[x25519::Recipient],
    fill: impl FnOnce(&mut dyn Write) -> Result<(), BackupError>,
) -> Result<Part, BackupError> {
    let encrypted = !recipients.is_empty();
    let file_name = if encrypted { format!("{name}.age") } else { name.to_owned() };
    let path = folder.join(&file_name);
    let file = File::options().write(true).create_new(true).open(&path).map_err(BackupError::file("create", &path))?;
    let mut tally = Tally { inner: BufWriter::with_capacity(1 << 18, file), hash: Sha256::new(), bytes: 0 };
    if encrypted {
        let sealed = age::Encryptor::with_recipients(recipients.iter().map(|one| one as &dyn age::Recipient))
            .map_err(|error| BackupError::Encryption { action: "encrypt", message: error.to_string() })?;
        let mut stream = sealed.wrap_output(&mut tally).map_err(BackupError::file("write", &path))?;
        fill(&mut stream)?;
        stream.finish().map_err(BackupError::file("write", &path))?;
    } else {
        fill(&mut tally)?;
    }
    let Tally { inner, hash, bytes } = tally;
    let file = inner.into_inner().map_err(|error| BackupError::file("write", &path)(error.into_error()))?;
    file.sync_all().map_err(BackupError::file("write", &path))?;
    Ok(Part { file: file_name, bytes, sha256: hexadecimal(&hash.finalize()), encrypted })
}

/// The plain bytes of a part.
pub(super) fn open(folder: &Path, part: &Part, identity: Option<&Path>) -> Result<Box<dyn Read + Send>, BackupError> {
    let path = folder.join(&part.file);
    let file = BufReader::with_capacity(1 << 18, File::open(&path).map_err(BackupError::file("open", &path))?);
    if !part.encrypted {
        return Ok(Box::new(file));
    }
    let identity = identity.ok_or_else(|| BackupError::NeedsIdentity { file: part.file.clone() })?;
    let keys = identities(identity)?;
    let failed = |error: age::DecryptError| BackupError::Encryption { action: "decrypt", message: error.to_string() };
    let sealed = age::Decryptor::new(file).map_err(failed)?;
    let stream = sealed.decrypt(keys.iter().map(|key| &**key)).map_err(failed)?;
    Ok(Box::new(stream))
}

/// Reads a part to its end and compares it with the manifest.
pub(super) fn check(folder: &Path, part: &Part) -> Result<(), BackupError> {
    let path = folder.join(&part.file);
    let mut file = File::open(&path).map_err(BackupError::file("open", &path))?;
    let mut tally = Tally { inner: std::io::sink(), hash: Sha256::new(), bytes: 0 };
    std::io::copy(&mut file, &mut tally).map_err(BackupError::file("read", &path))?;
    let damaged = |what: String| Err(BackupError::Damaged { file: part.file.clone(), what });
    if tally.bytes != part.bytes {
        return damaged(format!("{} bytes instead of {}", tally.bytes, part.bytes));
    }
    if hexadecimal(&tally.hash.finalize()) != part.sha256 {
        return damaged("its checksum is another one".to_owned());
    }
    Ok(())
}
