//! The catalogue's answers kept in a file, so that a restart serves at once while the catalogue is read again.
//!
//! What is kept are the rows as they came, not the snapshot made of them: the one builder makes both. A file of another
//! version, database or list of schemas, or one that is damaged, is of no use and says so. Called by `handle`.
//! Tests: the foot of this file and `tests/it/schema_cache/saved.rs`.

use super::SchemaCacheOptions;
use crate::db::ResultRow;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::Path;

/// First bytes of such a file; the number is the layout's.
const MAGIC: &[u8; 16] = b"civic-os cache 1";
const DIGEST: usize = 32;

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum SavedError {
    #[error("it cannot be read or written: {0}")]
    File(#[from] io::Error),
    #[error("it is damaged")]
    Damaged,
    #[error("it belongs to another version, database or list of schemas")]
    Foreign,
}

/// What rows are only good for: the queries that gave them, the schemas asked for, and where.
pub(super) fn origin(
    queries: impl Iterator<Item = &'static str>,
    options: &SchemaCacheOptions,
    server: &str,
) -> [u8; DIGEST] {
    let mut digest = Sha256::new();
    let mut add = |part: &str| {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    };
    add(env!("CARGO_PKG_VERSION"));
    queries.for_each(&mut add);
    add(server);
    options.schemas.iter().for_each(|schema| add(schema));
    add("|");
    options.extra_search_path.iter().for_each(|schema| add(schema));
    digest.finalize().into()
}

/// Writes the rows next to the file and moves them into its place.
pub(super) fn save(path: &Path, origin: &[u8; DIGEST], rows: &[Vec<ResultRow>]) -> Result<(), SavedError> {
    let mut out = BytesMut::new();
    out.put_slice(MAGIC);
    out.put_slice(origin);
    out.put_u32(u32::try_from(rows.len()).unwrap_or(u32::MAX));
    for list in rows {
        out.put_u32(u32::try_from(list.len()).unwrap_or(u32::MAX));
        for row in list {
            out.put_u16(u16::try_from(row.len()).unwrap_or(u16::MAX));
            for column in 0..row.len() {
                match row.bytes(column) {
                    Some(bytes) => {
                        out.put_i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
                        out.put_slice(&bytes);
                    }
                    None => out.put_i32(-1),
                }
            }
        }
    }
    let digest = Sha256::digest(&out);
    out.put_slice(&digest);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    std::fs::write(&draft, &out)?;
    std::fs::rename(&draft, path)?;
    Ok(())
}

/// Reads rows that were saved for exactly this origin.
pub(super) fn read(path: &Path, origin: &[u8; DIGEST]) -> Result<Vec<Vec<ResultRow>>, SavedError> {
    let file = Bytes::from(std::fs::read(path)?);
    if file.len() < MAGIC.len() + DIGEST * 2 || !file.starts_with(MAGIC) {
        return Err(SavedError::Damaged);
    }
    let (content, digest) = file.split_at(file.len() - DIGEST);
    if Sha256::digest(content).as_slice() != digest {
        return Err(SavedError::Damaged);
    }
    if content[MAGIC.len()..][..DIGEST] != origin[..] {
        return Err(SavedError::Foreign);
    }
    let mut rest = file.slice(MAGIC.len() + DIGEST..content.len());
    let lists = (0..number(&mut rest)?).map(|_| list(&mut rest)).collect::<Result<_, _>>()?;
    Ok(lists)
}

fn list(rest: &mut Bytes) -> Result<Vec<ResultRow>, SavedError> {
    (0..number(rest)?).map(|_| row(rest)).collect()
}

fn row(rest: &mut Bytes) -> Result<ResultRow, SavedError> {
    let columns = rest.try_get_u16().map_err(|_| SavedError::Damaged)?;
    let buffer = rest.clone();
    let mut places = Vec::with_capacity(columns.into());
    for _ in 0..columns {
        let length = rest.try_get_i32().map_err(|_| SavedError::Damaged)?;
        let start = u32::try_from(buffer.len() - rest.len()).map_err(|_| SavedError::Damaged)?;
        places.push((start, length));
        let length = usize::try_from(length).unwrap_or(0);
        if rest.len() < length {
            return Err(SavedError::Damaged);
        }
        rest.advance(length);
    }
    Ok(ResultRow::from_places(buffer.slice(..buffer.len() - rest.len()), places))
}

fn number(rest: &mut Bytes) -> Result<u32, SavedError> {
    rest.try_get_u32().map_err(|_| SavedError::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(rows: &[Vec<ResultRow>]) -> Vec<Vec<Vec<Option<String>>>> {
        let of_row = |row: &ResultRow| (0..row.len()).map(|at| row.text(at).map(str::to_owned)).collect();
        rows.iter().map(|list| list.iter().map(of_row).collect()).collect()
    }

    #[test]
    fn rows_come_back_and_anything_else_does_not() {
        let row = |text: &'static str, places| ResultRow::from_places(Bytes::from_static(text.as_bytes()), places);
        let rows = vec![
            vec![row("ab", vec![(0, 1), (1, 1)]), row("äé", vec![(0, 4), (0, -1), (0, 0)])],
            Vec::new(),
            vec![row("", Vec::new())],
        ];
        let options = SchemaCacheOptions { schemas: vec!["a".into()], ..SchemaCacheOptions::default() };
        let here = origin(["select 1"].into_iter(), &options, "host");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/folder/cache");
        save(&path, &here, &rows).unwrap();
        assert_eq!(texts(&read(&path, &here).unwrap()), texts(&rows));
        for elsewhere in [
            origin(["select 2"].into_iter(), &options, "host"),
            origin(["select 1"].into_iter(), &options, "other"),
            origin(["select 1"].into_iter(), &SchemaCacheOptions::default(), "host"),
        ] {
            assert!(matches!(read(&path, &elsewhere), Err(SavedError::Foreign)));
        }
        let whole = std::fs::read(&path).unwrap();
        for damaged in [&whole[..whole.len() - 1], &whole[..10], &[], &[whole.as_slice(), b"x"].concat()[..]] {
            std::fs::write(&path, damaged).unwrap();
            assert!(matches!(read(&path, &here), Err(SavedError::Damaged)));
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, damaged).unwrap();
            assert!(read(&path, &here).is_err(), "byte {at}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(read(&path, &here), Err(SavedError::File(_))));
    }
}
