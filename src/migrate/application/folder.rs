//! The files of an application's folder.

use crate::migrate::error::MigrateError;
use crate::migrate::plan;
use std::path::{Path, PathBuf};

/// One file to apply.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// SHA-256 of the bytes on disk.
    pub(super) checksum: String,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Sql(String),
    /// Rows of `public.<table>`.
    Csv {
        table: String,
        compressed: bool,
    },
}

/// Files in name order (bytes).
pub(super) fn read(directory: &Path) -> Result<Vec<File>, MigrateError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| MigrateError::Read { path, source }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed(directory))? {
        let path = entry.map_err(failed(directory))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        if !path.is_file() {
            continue;
        }
        let csv = csv_table(&name);
        if csv.is_none() && !name.ends_with(".sql") {
            continue;
        }
        let bytes = std::fs::read(&path).map_err(failed(&path))?;
        let checksum = plan::checksum(&bytes);
        let content = match csv {
            Some((table, compressed)) => Content::Csv { table, compressed },
            None => {
                let text = String::from_utf8(bytes).map_err(|error| MigrateError::Read {
                    path: path.clone(),
                    source: std::io::Error::new(std::io::ErrorKind::InvalidData, error),
                })?;
                Content::Sql(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
            }
        };
        files.push(File { name, path, checksum, content });
    }
    if files.is_empty() {
        return Err(MigrateError::NothingToApply { path: directory.to_owned() });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// `NN_table.csv[.gz]` → table, compressed.
fn csv_table(name: &str) -> Option<(String, bool)> {
    let (stem, compressed) = match name.strip_suffix(".csv.gz") {
        Some(stem) => (stem, true),
        None => (name.strip_suffix(".csv")?, false),
    };
    let (number, table) = stem.split_once('_')?;
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (numbered && !table.is_empty()).then(|| (table.to_owned(), compressed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_names_carry_the_table() {
        assert_eq!(csv_table("05_service_requests.csv"), Some(("service_requests".into(), false)));
        assert_eq!(csv_table("05_service_requests.csv.gz"), Some(("service_requests".into(), true)));
        for name in ["requests.csv", "_requests.csv", "05_.csv", "05_requests.sql", "a5_requests.csv"] {
            assert_eq!(csv_table(name), None, "{name}");
        }
    }

    #[test]
    fn files_come_in_name_order_and_others_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in [("02_b.sql", "select 2"), ("01_a.csv", "id\n1\n"), ("README.md", "x"), ("10_c.sql", "")]
        {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        std::fs::create_dir(folder.path().join("03_sub.sql")).unwrap();
        let names: Vec<String> = read(folder.path()).unwrap().into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["01_a.csv", "02_b.sql", "10_c.sql"]);
    }

    #[test]
    fn an_empty_folder_and_text_in_another_encoding_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path()), Err(MigrateError::NothingToApply { .. })));
        std::fs::write(folder.path().join("1.sql"), b"select '\xff'").unwrap();
        assert!(matches!(read(folder.path()), Err(MigrateError::Read { .. })));
    }
}
